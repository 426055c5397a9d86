## What can be done by the links of messages: on buttons, in mails and on the pages that they lead to.

button-confirm = Asistiré
button-arrive = Ya estoy aquí
button-move = Elegir otra hora
button-cancel = Cancelar la cita
button-unsubscribe = No recibir más estos correos
button-subscribe = Volver a recibirlos

## The page of a visit: where it stands.

page-visit-title = Su cita
page-visit-requested = Hemos recibido su solicitud y le responderemos.
page-visit-scheduled = Le esperamos a esta hora.
page-visit-confirmed = Gracias por confirmar su asistencia. Le esperamos.
page-visit-arrived = Sabemos que está aquí.
page-visit-cancelled = Esta cita está cancelada y no tendrá lugar.
page-visit-expired = La solicitud no se respondió a tiempo y esta cita no tendrá lugar.
page-visit-over = Esta cita ya ha pasado.
page-visit-back = Volver a la cita

## What is about to be done, and what was done.

page-confirm-title = ¿Va a venir?
page-confirm-lead = Díganos que asistirá a esta cita:
page-confirm-done = Gracias. Le esperamos.
page-arrive-title = ¿Ya está aquí?
page-arrive-lead = Díganos que ya está aquí para esta cita:
page-arrive-done = Gracias. Sabemos que está aquí.
page-move-title = Elegir otra hora
page-move-lead = Hasta que elija otra hora, su cita sigue siendo esta:
page-move-none = No hay horas libres en estas semanas.
page-move-later = Horas posteriores
page-move-done = Su cita ha cambiado de horario. Este es el nuevo:
page-cancel-title = ¿Cancelar la cita?
page-cancel-lead = Si cancela, otra persona podrá aprovechar la hora. Hasta entonces, su cita sigue en pie:
page-cancel-late = Es con menos antelación de la que pedimos. Cancele solo si no puede venir.
page-cancel-done = La cita está cancelada. Gracias por avisarnos.

## Why something was not done.

page-refused-changed = La cita ha cambiado desde que abrió esta página. Ahora está así:
page-refused-taken = Esa hora ya no está disponible. Elija otra, por favor.
page-refused-too_late = Ya no se puede hacer aquí. Llámenos, por favor.
page-refused-impossible = Esto no es posible ahora. La cita está así:
page-refused-choice = Elija una hora, por favor.

## Messages that somebody no longer wants.

page-unsubscribe-title = ¿No recibir más estos correos?
page-unsubscribe-visit_changes = Si pulsa el botón, dejará de recibir correos sobre cambios en sus citas. Si una cita no va a tener lugar, se lo diremos en cualquier caso.
page-unsubscribe-reminders = Si pulsa el botón, dejará de recibir recordatorios de sus citas por correo.
page-unsubscribe-offers = Si pulsa el botón, dejará de recibir correos sobre horas que han quedado libres.
page-unsubscribed-title = Ya no recibirá estos correos
page-unsubscribed-lead = Hemos anotado que no desea recibir más estos correos.
page-subscribed-title = Vuelve a recibir estos correos
page-subscribed-lead = A partir de ahora volveremos a enviarle estos correos.

page-dead-title = Este enlace ya no funciona
page-dead-lead = Es demasiado antiguo o ya no es válido. Use el mensaje más reciente o llámenos.
