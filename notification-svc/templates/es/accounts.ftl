## To owners of accounts.

password_reset-account-subject = Elija una nueva contraseña
password_reset-account-opening = Se ha solicitado una nueva contraseña para su cuenta. Si ha sido usted, elíjala aquí:
password_reset-account-link = Elegir una nueva contraseña
password_reset-account-closing = El enlace funciona una sola vez. Si no ha sido usted, ignore este mensaje: su contraseña sigue siendo la misma.

password_changed-account-subject = Su contraseña ha cambiado
password_changed-account-opening = La contraseña de su cuenta ha cambiado y se han cerrado las demás sesiones.
password_changed-account-closing = Si no ha sido usted, solicite enseguida una nueva contraseña en la página de acceso y avísenos.

email_verification-account-subject = Confirme su dirección de correo
email_verification-account-opening = Se ha registrado una cuenta con esta dirección de correo. Si ha sido usted, confirme que es suya:
email_verification-account-link = Confirmar la dirección
email_verification-account-closing = El enlace funciona una sola vez. Si no ha sido usted, ignore este mensaje.

invitation-account-subject = Tiene una cuenta a su disposición
invitation-account-opening = Se ha creado una cuenta para usted en nuestro centro. Elija una contraseña y será suya:
invitation-account-link = Elegir una contraseña
invitation-account-closing = El enlace funciona una sola vez. Si no esperaba este mensaje, ignórelo.

registered_again-account-subject = Ya tiene una cuenta
registered_again-account-opening = Alguien se ha registrado con esta dirección de correo, que ya tiene una cuenta. Si ha sido usted, inicie sesión o solicite una nueva contraseña en la página de acceso.
registered_again-account-closing = Si no ha sido usted, no tiene que hacer nada: nadie ha sabido que tiene una cuenta.
