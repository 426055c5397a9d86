## To owners of accounts.

password_reset-account-subject = Wählen Sie ein neues Passwort
password_reset-account-opening = Für Ihr Konto wurde ein neues Passwort angefordert. Wenn Sie das waren, wählen Sie es hier:
password_reset-account-link = Neues Passwort wählen
password_reset-account-closing = Der Link funktioniert einmal. Wenn Sie das nicht waren, ignorieren Sie diese Nachricht: Ihr Passwort bleibt, wie es ist.

password_changed-account-subject = Ihr Passwort wurde geändert
password_changed-account-opening = Das Passwort Ihres Kontos wurde geändert. Alle anderen Anmeldungen wurden beendet.
password_changed-account-closing = Wenn Sie das nicht waren, fordern Sie bei der Anmeldung sofort ein neues Passwort an und sagen Sie uns bitte Bescheid.

email_verification-account-subject = Bestätigen Sie Ihre E-Mail-Adresse
email_verification-account-opening = Mit dieser E-Mail-Adresse wurde ein Konto registriert. Wenn Sie das waren, bestätigen Sie bitte, dass es Ihre Adresse ist:
email_verification-account-link = Adresse bestätigen
email_verification-account-closing = Der Link funktioniert einmal. Wenn Sie das nicht waren, ignorieren Sie diese Nachricht.

invitation-account-subject = Für Sie wurde ein Konto angelegt
invitation-account-opening = In unserer Praxis wurde ein Konto für Sie angelegt. Wählen Sie ein Passwort, und es gehört Ihnen:
invitation-account-link = Passwort wählen
invitation-account-closing = Der Link funktioniert einmal. Wenn Sie diese Nachricht nicht erwartet haben, ignorieren Sie sie.

registered_again-account-subject = Sie haben bereits ein Konto
registered_again-account-opening = Jemand wollte sich mit dieser E-Mail-Adresse registrieren, für die es bereits ein Konto gibt. Wenn Sie das waren, melden Sie sich an oder fordern Sie bei der Anmeldung ein neues Passwort an.
registered_again-account-closing = Wenn Sie das nicht waren, müssen Sie nichts tun: Niemand hat erfahren, dass Sie ein Konto haben.
