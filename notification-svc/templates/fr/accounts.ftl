## To owners of accounts.

password_reset-account-subject = Choisissez un nouveau mot de passe
password_reset-account-opening = Un nouveau mot de passe a été demandé pour votre compte. Si c’était vous, choisissez-le ici :
password_reset-account-link = Choisir un nouveau mot de passe
password_reset-account-closing = Le lien fonctionne une seule fois. Si ce n’était pas vous, ignorez ce message : votre mot de passe reste le même.

password_changed-account-subject = Votre mot de passe a été modifié
password_changed-account-opening = Le mot de passe de votre compte a été modifié, et les autres sessions ont été fermées.
password_changed-account-closing = Si ce n’était pas vous, demandez tout de suite un nouveau mot de passe sur la page de connexion et prévenez-nous.

email_verification-account-subject = Confirmez votre adresse e-mail
email_verification-account-opening = Un compte a été créé avec cette adresse e-mail. Si c’était vous, confirmez qu’elle vous appartient :
email_verification-account-link = Confirmer l’adresse
email_verification-account-closing = Le lien fonctionne une seule fois. Si ce n’était pas vous, ignorez ce message.

invitation-account-subject = Un compte a été créé pour vous
invitation-account-opening = Un compte a été créé pour vous dans notre établissement. Choisissez un mot de passe, et il est à vous :
invitation-account-link = Choisir un mot de passe
invitation-account-closing = Le lien fonctionne une seule fois. Si vous n’attendiez pas ce message, ignorez-le.

registered_again-account-subject = Vous avez déjà un compte
registered_again-account-opening = Quelqu’un s’est inscrit avec cette adresse e-mail, qui a déjà un compte. Si c’était vous, connectez-vous ou demandez un nouveau mot de passe sur la page de connexion.
registered_again-account-closing = Si ce n’était pas vous, vous n’avez rien à faire : personne n’a appris que vous avez un compte.
