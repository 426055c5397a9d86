## What several messages about visits say.

come = Si no puede venir, le agradecemos que cancele con antelación, para que otra persona pueda aprovechar la hora.
book_again = Puede pedir otra cita cuando lo desee.
look = En su agenda puede ver con quién es. Para proteger a los pacientes, el correo no lo indica.

## What visits are called in calendars, which others may see, too: nobody who comes is named.

calendar-visit = Cita
calendar-visit_with = Cita – { $doctor }
calendar-visit_of_type = { $title } ({ $type })
calendar-name = Citas – { $clinic }

## To patients.

requested-patient-subject = Hemos recibido su solicitud
requested-patient-opening = Hemos recibido su solicitud de cita. Le responderemos y, hasta entonces, le guardamos la hora.
requested-patient-closing = { come }

booked-patient-subject = Su cita está reservada
booked-patient-opening = Su cita ha quedado reservada. Le esperamos.
booked-patient-closing = { come }

rescheduled-patient-subject = Su cita tiene un nuevo horario
rescheduled-patient-opening = Su cita ha cambiado de horario. Este es el nuevo:
rescheduled-patient-closing = { come }

cancelled-patient-subject = Su cita está cancelada
cancelled-patient-opening = Esta cita ha sido cancelada y no tendrá lugar:
cancelled-patient-closing = { book_again }

expired-patient-subject = No hemos respondido a tiempo a su solicitud
expired-patient-opening = Lo sentimos: su solicitud no se respondió a tiempo y esta cita no tendrá lugar:
expired-patient-closing = { book_again }

accepted-patient-subject = Su cita está reservada
accepted-patient-opening = Su cita está reservada y le esperamos a esta hora.
accepted-patient-closing = { come }

confirmed-patient-subject = Su cita está confirmada
confirmed-patient-opening = Gracias. Su cita está confirmada y será un placer atenderle.
confirmed-patient-closing = { come }

completed-patient-subject = Su cita ha finalizado
completed-patient-opening = Gracias por acudir a su cita.
completed-patient-closing = { book_again }

no_show-patient-subject = No acudió a su cita
no_show-patient-opening = Le esperábamos en esta cita, pero no acudió:
no_show-patient-closing = Si se trata de un error, le rogamos que nos lo indique. { book_again }

changed-patient-subject = Su cita ha cambiado
changed-patient-opening = Algo ha cambiado en su cita.
changed-patient-closing = { come }

reminder-patient-subject = Recordatorio de su cita
reminder-patient-opening_days =
    { $days ->
        [one] Le esperamos: su cita es dentro de un día.
       *[other] Le esperamos: su cita es dentro de { $days } días.
    }
reminder-patient-opening_tomorrow = Le esperamos: su cita es mañana.
reminder-patient-opening_today = Le esperamos: su cita es hoy.
reminder-patient-opening_hours =
    { $hours ->
        [one] Le esperamos: su cita es dentro de una hora.
       *[other] Le esperamos: su cita es dentro de { $hours } horas.
    }
reminder-patient-opening_soon = Le esperamos: su cita empieza en menos de una hora.
reminder-patient-closing = Si no puede venir, le agradecemos que cancele cuanto antes, para que otra persona pueda aprovechar la hora.

## To doctors.

requested-doctor-subject = Nueva solicitud de cita
requested-doctor-opening = Se ha solicitado una cita con usted. La hora queda reservada hasta que se responda a la solicitud.
requested-doctor-closing = { look }

booked-doctor-subject = Nueva cita
booked-doctor-opening = Se ha reservado una cita con usted.
booked-doctor-closing = { look }

rescheduled-doctor-subject = Cita con nuevo horario
rescheduled-doctor-opening = Una cita con usted ha cambiado de horario. Este es el nuevo:
rescheduled-doctor-closing = { look }

cancelled-doctor-subject = Cita cancelada
cancelled-doctor-opening = Esta cita con usted ha sido cancelada. La hora vuelve a estar libre.
cancelled-doctor-closing = { look }

expired-doctor-subject = Solicitud de cita caducada
expired-doctor-opening = Una solicitud para esta cita con usted no se respondió a tiempo. La hora vuelve a estar libre.
expired-doctor-closing = { look }

accepted-doctor-subject = Cita programada
accepted-doctor-opening = Hay una cita programada con usted.
accepted-doctor-closing = { look }

confirmed-doctor-subject = Cita confirmada
confirmed-doctor-opening = Se ha confirmado una cita con usted: la persona acudirá.
confirmed-doctor-closing = { look }

completed-doctor-subject = Cita finalizada
completed-doctor-opening = Una cita con usted se ha marcado como finalizada.
completed-doctor-closing = { look }

no_show-doctor-subject = Cita sin asistencia
no_show-doctor-opening = Una cita con usted se ha marcado como no atendida: nadie se presentó.
no_show-doctor-closing = { look }

changed-doctor-subject = Cita modificada
changed-doctor-opening = Algo ha cambiado en una cita con usted.
changed-doctor-closing = { look }
