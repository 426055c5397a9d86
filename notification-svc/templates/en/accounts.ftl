## To owners of accounts.

password_reset-account-subject = Choose a new password
password_reset-account-opening = Somebody asked for a new password for your account. If it was you, choose one here:
password_reset-account-link = Choose a new password
password_reset-account-closing = The link works once. If it was not you, ignore this message: your password stays as it is.

password_changed-account-subject = Your password was changed
password_changed-account-opening = The password of your account was changed, and others who were logged in are logged out.
password_changed-account-closing = If it was not you, ask for a new password at once where you log in, and tell us.

email_verification-account-subject = Confirm your e-mail address
email_verification-account-opening = Somebody registered an account with this e-mail address. If it was you, confirm that it is yours:
email_verification-account-link = Confirm the address
email_verification-account-closing = The link works once. If it was not you, ignore this message.

invitation-account-subject = You have been given an account
invitation-account-opening = An account has been made for you at the clinic. Choose a password, and it is yours:
invitation-account-link = Choose a password
invitation-account-closing = The link works once. If you do not expect it, ignore this message.

registered_again-account-subject = You have an account already
registered_again-account-opening = Somebody registered with this e-mail address, which has an account already. If it was you, log in, or ask for a new password where you log in.
registered_again-account-closing = If it was not you, there is nothing to do: nobody was told that you have an account.
