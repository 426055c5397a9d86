## In short, by SMS: 160 letters for one message, with the clinic, the time and the doctor.

sms-when = { $when }, with { $doctor }

booked-patient-sms = { $clinic }: your appointment is booked: { $when }.
accepted-patient-sms = { $clinic }: your appointment is booked: { $when }.
confirmed-patient-sms = { $clinic }: thank you, your appointment is confirmed: { $when }.
rescheduled-patient-sms = { $clinic }: your appointment has been moved. The new time: { $when }.
cancelled-patient-sms = { $clinic }: your appointment is cancelled and will not take place: { $when }.
expired-patient-sms = { $clinic }: sorry, your request was not answered in time. This is not booked: { $when }.
reminder-patient-sms = { $clinic }: a reminder of your appointment: { $when }. If you cannot come, please cancel.
offered-patient-sms = { $clinic }: a time has come free: { $when }. Please answer in your account. It is kept for you until { $until }.
offered_to_several-patient-sms = { $clinic }: a time has come free: { $when }. The first to accept in their account gets it. Answer by { $until }.
