## In short, by SMS: 160 letters for one message, with the clinic, the time and the doctor.

sms-when = { $when }, avec { $doctor }

booked-patient-sms = { $clinic } : votre rendez-vous est réservé : { $when }.
accepted-patient-sms = { $clinic } : votre rendez-vous est réservé : { $when }.
confirmed-patient-sms = { $clinic } : merci, votre rendez-vous est confirmé : { $when }.
rescheduled-patient-sms = { $clinic } : votre rendez-vous a été déplacé. Nouvel horaire : { $when }.
cancelled-patient-sms = { $clinic } : votre rendez-vous est annulé et n’aura pas lieu : { $when }.
expired-patient-sms = { $clinic } : désolés, votre demande est restée sans réponse. Rendez-vous annulé : { $when }.
reminder-patient-sms = { $clinic } : rappel de votre rendez-vous : { $when }. En cas d’empêchement, merci d’annuler.
offered-patient-sms = { $clinic } : un rendez-vous s’est libéré : { $when }. Merci de répondre dans votre compte. Il vous est réservé jusqu’au { $until }.
offered_to_several-patient-sms = { $clinic } : un rendez-vous s’est libéré : { $when }. La première personne qui l’accepte l’obtient. Réponse avant le { $until }.
