## What several messages about visits say.

come = Falls Sie verhindert sind, sagen Sie bitte rechtzeitig ab, damit jemand anderes die Zeit nutzen kann.
book_again = Sie können jederzeit gern einen neuen Termin buchen.
look = Mit wem der Termin ist, sehen Sie in Ihrem Kalender. Zum Schutz der Patientinnen und Patienten steht es nicht in der E-Mail.

## What visits are called in calendars, which others may see, too: nobody who comes is named.

calendar-visit = Termin
calendar-visit_with = Termin – { $doctor }
calendar-visit_of_type = { $title } ({ $type })
calendar-name = Termine – { $clinic }

## To patients.

requested-patient-subject = Ihre Anfrage ist bei uns eingegangen
requested-patient-opening = Ihre Terminanfrage ist bei uns eingegangen. Wir melden uns bei Ihnen und halten Ihnen die Zeit bis dahin frei.
requested-patient-closing = { come }

booked-patient-subject = Ihr Termin ist gebucht
booked-patient-opening = Ihr Termin wurde gebucht. Wir freuen uns auf Sie.
booked-patient-closing = { come }

rescheduled-patient-subject = Ihr Termin wurde verschoben
rescheduled-patient-opening = Ihr Termin wurde verschoben. Das ist die neue Zeit:
rescheduled-patient-closing = { come }

cancelled-patient-subject = Ihr Termin wurde abgesagt
cancelled-patient-opening = Dieser Termin wurde abgesagt und findet nicht statt:
cancelled-patient-closing = { book_again }

expired-patient-subject = Ihre Anfrage wurde nicht rechtzeitig beantwortet
expired-patient-opening = Es tut uns leid: Ihre Anfrage wurde nicht rechtzeitig beantwortet. Dieser Termin findet daher nicht statt:
expired-patient-closing = { book_again }

accepted-patient-subject = Ihr Termin ist gebucht
accepted-patient-opening = Ihr Termin ist gebucht, und wir erwarten Sie zu dieser Zeit.
accepted-patient-closing = { come }

confirmed-patient-subject = Ihr Termin ist bestätigt
confirmed-patient-opening = Vielen Dank. Ihr Termin ist bestätigt, und wir freuen uns auf Sie.
confirmed-patient-closing = { come }

completed-patient-subject = Ihr Termin ist abgeschlossen
completed-patient-opening = Vielen Dank, dass Sie bei uns waren.
completed-patient-closing = { book_again }

no_show-patient-subject = Sie haben Ihren Termin verpasst
no_show-patient-opening = Wir haben Sie zu diesem Termin erwartet, aber Sie waren nicht da:
no_show-patient-closing = Falls das ein Irrtum ist, sagen Sie uns bitte Bescheid. { book_again }

changed-patient-subject = Ihr Termin hat sich geändert
changed-patient-opening = An Ihrem Termin hat sich etwas geändert.
changed-patient-closing = { come }

reminder-patient-subject = Erinnerung an Ihren Termin
reminder-patient-opening_days =
    { $days ->
        [one] Wir freuen uns auf Sie: Ihr Termin ist in einem Tag.
       *[other] Wir freuen uns auf Sie: Ihr Termin ist in { $days } Tagen.
    }
reminder-patient-opening_tomorrow = Wir freuen uns auf Sie: Ihr Termin ist morgen.
reminder-patient-opening_today = Wir freuen uns auf Sie: Ihr Termin ist heute.
reminder-patient-opening_hours =
    { $hours ->
        [one] Wir freuen uns auf Sie: Ihr Termin ist in einer Stunde.
       *[other] Wir freuen uns auf Sie: Ihr Termin ist in { $hours } Stunden.
    }
reminder-patient-opening_soon = Wir freuen uns auf Sie: Ihr Termin beginnt in weniger als einer Stunde.
reminder-patient-closing = Falls Sie verhindert sind, sagen Sie bitte so bald wie möglich ab, damit jemand anderes die Zeit nutzen kann.

## To doctors.

requested-doctor-subject = Neue Terminanfrage
requested-doctor-opening = Bei Ihnen wurde ein Termin angefragt. Die Zeit bleibt reserviert, bis die Anfrage beantwortet ist.
requested-doctor-closing = { look }

booked-doctor-subject = Neuer Termin
booked-doctor-opening = Bei Ihnen wurde ein Termin gebucht.
booked-doctor-closing = { look }

rescheduled-doctor-subject = Termin verschoben
rescheduled-doctor-opening = Ein Termin bei Ihnen wurde verschoben. Das ist die neue Zeit:
rescheduled-doctor-closing = { look }

cancelled-doctor-subject = Termin abgesagt
cancelled-doctor-opening = Dieser Termin bei Ihnen wurde abgesagt. Die Zeit ist wieder frei.
cancelled-doctor-closing = { look }

expired-doctor-subject = Terminanfrage abgelaufen
expired-doctor-opening = Eine Anfrage für diesen Termin bei Ihnen wurde nicht rechtzeitig beantwortet. Die Zeit ist wieder frei.
expired-doctor-closing = { look }

accepted-doctor-subject = Termin vereinbart
accepted-doctor-opening = Ein Termin bei Ihnen ist vereinbart.
accepted-doctor-closing = { look }

confirmed-doctor-subject = Termin bestätigt
confirmed-doctor-opening = Ein Termin bei Ihnen wurde bestätigt: Er wird wahrgenommen.
confirmed-doctor-closing = { look }

completed-doctor-subject = Termin abgeschlossen
completed-doctor-opening = Ein Termin bei Ihnen wurde als abgeschlossen eingetragen.
completed-doctor-closing = { look }

no_show-doctor-subject = Termin nicht wahrgenommen
no_show-doctor-opening = Ein Termin bei Ihnen wurde als nicht wahrgenommen eingetragen: Es ist niemand erschienen.
no_show-doctor-closing = { look }

changed-doctor-subject = Termin geändert
changed-doctor-opening = An einem Termin bei Ihnen hat sich etwas geändert.
changed-doctor-closing = { look }
