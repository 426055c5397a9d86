## What every message has.

greeting-patient = Dear { $name },
greeting-doctor = Dear Dr. { $name },
greeting-account = Dear { $name },
greeting-unnamed = Hello,
sign_off = Kind regards,
footer = This message was sent automatically. Replies to it are not read.

## Shown beside the subject where mail is listed.

preheader-visit = A message from { $clinic } about your appointment.
preheader-schedule = A message from { $clinic } about your schedule.
preheader-offer = A message from { $clinic } about our waitlist.
preheader-account = A message from { $clinic } about your account.
preheader-alarm = A message from { $clinic }: something needs a review.

## The facts of a message: what each is called, and how it stands in front of the fact.

label = { $label }:
label-date = Date
label-time = Time
label-zone = Time zone
label-reader_time = Your time
label-doctor = Doctor
label-answer_by = Answer by
label-valid_until = Valid until
label-grant = Grant
label-opened_by = Doctor
label-records = Records
label-look = Look
label-review = Review
doctor_name = Dr. { $name }
