## In short, by SMS: 160 letters for one message, with the clinic, the time and the doctor.

sms-when = { $when }, con { $doctor }

booked-patient-sms = { $clinic }: su cita está reservada: { $when }.
accepted-patient-sms = { $clinic }: su cita está reservada: { $when }.
confirmed-patient-sms = { $clinic }: gracias, su cita está confirmada: { $when }.
rescheduled-patient-sms = { $clinic }: su cita ha cambiado de horario. El nuevo: { $when }.
cancelled-patient-sms = { $clinic }: su cita ha sido cancelada y no tendrá lugar: { $when }.
expired-patient-sms = { $clinic }: lo sentimos, su solicitud no se respondió a tiempo. No tendrá lugar: { $when }.
reminder-patient-sms = { $clinic }: le recordamos su cita: { $when }. Si no puede venir, le rogamos que la cancele.
offered-patient-sms = { $clinic }: ha quedado libre una cita: { $when }. Responda en su cuenta, por favor. Se la guardamos hasta: { $until }.
offered_to_several-patient-sms = { $clinic }: ha quedado libre una cita: { $when }. Será para quien la acepte primero en su cuenta. Plazo: { $until }.
