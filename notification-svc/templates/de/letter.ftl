## What every message has.

greeting-patient = Guten Tag { $name },
greeting-doctor = Guten Tag Dr. { $name },
greeting-account = Guten Tag { $name },
greeting-unnamed = Guten Tag,
sign_off = Mit freundlichen Grüßen
footer = Diese Nachricht wurde automatisch verschickt. Antworten darauf werden nicht gelesen.

## Shown beside the subject where mail is listed.

preheader-visit = Eine Nachricht von { $clinic } zu Ihrem Termin.
preheader-schedule = Eine Nachricht von { $clinic } zu Ihrem Kalender.
preheader-offer = Eine Nachricht von { $clinic } zu unserer Warteliste.
preheader-account = Eine Nachricht von { $clinic } zu Ihrem Konto.
preheader-alarm = Eine Nachricht von { $clinic }: Etwas muss geprüft werden.

## The facts of a message: what each is called, and how it stands in front of the fact.

label = { $label }:
label-date = Datum
label-time = Uhrzeit
label-zone = Zeitzone
label-reader_time = Ihre Zeit
label-doctor = Bei
label-answer_by = Antwort bis
label-valid_until = Gültig bis
label-grant = Freigabe
label-opened_by = Durch
label-records = Akten
label-look = Ansehen
label-review = Prüfen
doctor_name = Dr. { $name }
