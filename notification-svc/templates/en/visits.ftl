## What several messages about visits say.

come = If you cannot come, please cancel in good time, so that somebody else can have the time.
book_again = You are welcome to book another appointment at any time.
look = Your schedule shows who it is with. To protect patients, e-mail does not.

## What visits are called in calendars, which others may see, too: nobody who comes is named.

calendar-visit = Appointment
calendar-visit_with = Appointment – { $doctor }
calendar-visit_of_type = { $title } ({ $type })
calendar-name = Appointments – { $clinic }

## To patients.

requested-patient-subject = We have received your request
requested-patient-opening = We have received your request for an appointment. We will answer it, and keep the time for you until then.
requested-patient-closing = { come }

booked-patient-subject = Your appointment is booked
booked-patient-opening = Your appointment has been booked. We look forward to seeing you.
booked-patient-closing = { come }

rescheduled-patient-subject = Your appointment has a new time
rescheduled-patient-opening = Your appointment has been moved. This is the new time:
rescheduled-patient-closing = { come }

cancelled-patient-subject = Your appointment is cancelled
cancelled-patient-opening = This appointment has been cancelled and will not take place:
cancelled-patient-closing = { book_again }

expired-patient-subject = We did not answer your request in time
expired-patient-opening = We are sorry: your request for this appointment was not answered in time, and it will not take place:
expired-patient-closing = { book_again }

accepted-patient-subject = Your appointment is booked
accepted-patient-opening = Your appointment is booked, and we expect you at this time.
accepted-patient-closing = { come }

confirmed-patient-subject = Your appointment is confirmed
confirmed-patient-opening = Thank you. Your appointment is confirmed, and we look forward to seeing you.
confirmed-patient-closing = { come }

completed-patient-subject = Your appointment is completed
completed-patient-opening = Thank you for coming to your appointment.
completed-patient-closing = { book_again }

no_show-patient-subject = You missed your appointment
no_show-patient-opening = We expected you at this appointment, and you were not there:
no_show-patient-closing = If this is a mistake, please tell us. { book_again }

changed-patient-subject = Your appointment has changed
changed-patient-opening = Something about your appointment has changed.
changed-patient-closing = { come }

reminder-patient-subject = A reminder of your appointment
reminder-patient-opening_days =
    { $days ->
        [one] We look forward to seeing you: your appointment is in one day.
       *[other] We look forward to seeing you: your appointment is in { $days } days.
    }
reminder-patient-opening_tomorrow = We look forward to seeing you: your appointment is tomorrow.
reminder-patient-opening_today = We look forward to seeing you: your appointment is today.
reminder-patient-opening_hours =
    { $hours ->
        [one] We look forward to seeing you: your appointment is in one hour.
       *[other] We look forward to seeing you: your appointment is in { $hours } hours.
    }
reminder-patient-opening_soon = We look forward to seeing you: your appointment begins in less than an hour.
reminder-patient-closing = If you cannot come, please cancel as soon as you can, so that somebody else can have the time.

## To doctors.

requested-doctor-subject = New appointment request
requested-doctor-opening = An appointment with you has been requested. The time is kept until the request is answered.
requested-doctor-closing = { look }

booked-doctor-subject = New appointment
booked-doctor-opening = An appointment with you has been booked.
booked-doctor-closing = { look }

rescheduled-doctor-subject = Appointment moved
rescheduled-doctor-opening = An appointment with you has been moved. This is the new time:
rescheduled-doctor-closing = { look }

cancelled-doctor-subject = Appointment cancelled
cancelled-doctor-opening = This appointment with you has been cancelled. Its time is free again.
cancelled-doctor-closing = { look }

expired-doctor-subject = Appointment request ran out
expired-doctor-opening = A request for this appointment with you was not answered in time. Its time is free again.
expired-doctor-closing = { look }

accepted-doctor-subject = Appointment scheduled
accepted-doctor-opening = An appointment with you is scheduled.
accepted-doctor-closing = { look }

confirmed-doctor-subject = Appointment confirmed
confirmed-doctor-opening = An appointment with you has been confirmed: the patient will come.
confirmed-doctor-closing = { look }

completed-doctor-subject = Appointment completed
completed-doctor-opening = An appointment with you has been marked as completed.
completed-doctor-closing = { look }

no_show-doctor-subject = Appointment missed
no_show-doctor-opening = An appointment with you has been marked as missed: the patient did not come.
no_show-doctor-closing = { look }

changed-doctor-subject = Appointment changed
changed-doctor-opening = Something about an appointment with you has changed.
changed-doctor-closing = { look }
