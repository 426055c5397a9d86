## What every message has.

greeting-patient = Bonjour { $name },
greeting-doctor = Bonjour Dr { $name },
greeting-account = Bonjour { $name },
greeting-unnamed = Bonjour,
sign_off = Cordialement,
footer = Ce message a été envoyé automatiquement. Les réponses ne sont pas lues.

## Shown beside the subject where mail is listed.

preheader-visit = Un message de { $clinic } à propos de votre rendez-vous.
preheader-schedule = Un message de { $clinic } à propos de votre agenda.
preheader-offer = Un message de { $clinic } à propos de notre liste d’attente.
preheader-account = Un message de { $clinic } à propos de votre compte.
preheader-alarm = Un message de { $clinic } : un examen est nécessaire.

## The facts of a message: what each is called, and how it stands in front of the fact.

label = { $label } :
label-date = Date
label-time = Heure
label-zone = Fuseau horaire
label-reader_time = Chez vous
label-doctor = Avec
label-answer_by = Répondre avant
label-valid_until = Valable jusqu’au
label-grant = Autorisation
label-opened_by = Par
label-records = Dossiers
label-look = Consulter
label-review = Examiner
doctor_name = Dr { $name }
