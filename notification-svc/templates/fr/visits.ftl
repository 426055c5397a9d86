## What several messages about visits say.

come = Si vous ne pouvez pas venir, merci d’annuler à temps, afin qu’une autre personne puisse profiter de ce créneau.
book_again = Vous pouvez prendre un nouveau rendez-vous à tout moment.
look = Votre agenda indique avec qui. Pour protéger les patients, l’e-mail ne le précise pas.

## What visits are called in calendars, which others may see, too: nobody who comes is named.

calendar-visit = Rendez-vous
calendar-visit_with = Rendez-vous – { $doctor }
calendar-visit_of_type = { $title } ({ $type })
calendar-name = Rendez-vous – { $clinic }

## To patients.

requested-patient-subject = Nous avons bien reçu votre demande
requested-patient-opening = Nous avons bien reçu votre demande de rendez-vous. Nous allons y répondre et vous gardons le créneau jusque-là.
requested-patient-closing = { come }

booked-patient-subject = Votre rendez-vous est réservé
booked-patient-opening = Votre rendez-vous a bien été réservé. Nous serons heureux de vous accueillir.
booked-patient-closing = { come }

rescheduled-patient-subject = Votre rendez-vous a été déplacé
rescheduled-patient-opening = Votre rendez-vous a été déplacé. Voici le nouvel horaire :
rescheduled-patient-closing = { come }

cancelled-patient-subject = Votre rendez-vous est annulé
cancelled-patient-opening = Ce rendez-vous a été annulé et n’aura pas lieu :
cancelled-patient-closing = { book_again }

expired-patient-subject = Nous n’avons pas répondu à temps à votre demande
expired-patient-opening = Nous sommes désolés. Votre demande n’a pas reçu de réponse à temps, et ce rendez-vous n’aura pas lieu :
expired-patient-closing = { book_again }

accepted-patient-subject = Votre rendez-vous est réservé
accepted-patient-opening = Votre rendez-vous est réservé, et nous vous attendons à cet horaire.
accepted-patient-closing = { come }

confirmed-patient-subject = Votre rendez-vous est confirmé
confirmed-patient-opening = Merci. Votre rendez-vous est confirmé, et nous serons heureux de vous accueillir.
confirmed-patient-closing = { come }

completed-patient-subject = Votre rendez-vous est terminé
completed-patient-opening = Merci de votre visite.
completed-patient-closing = { book_again }

no_show-patient-subject = Vous avez manqué votre rendez-vous
no_show-patient-opening = Nous vous attendions à ce rendez-vous, mais nous n’avons pas eu le plaisir de vous accueillir :
no_show-patient-closing = S’il s’agit d’une erreur, merci de nous le signaler. { book_again }

changed-patient-subject = Votre rendez-vous a changé
changed-patient-opening = Votre rendez-vous a été modifié.
changed-patient-closing = { come }

reminder-patient-subject = Rappel de votre rendez-vous
reminder-patient-opening_days =
    { $days ->
        [one] Nous vous attendons : votre rendez-vous a lieu dans un jour.
       *[other] Nous vous attendons : votre rendez-vous a lieu dans { $days } jours.
    }
reminder-patient-opening_tomorrow = Nous vous attendons : votre rendez-vous a lieu demain.
reminder-patient-opening_today = Nous vous attendons : votre rendez-vous a lieu aujourd’hui.
reminder-patient-opening_hours =
    { $hours ->
        [one] Nous vous attendons : votre rendez-vous a lieu dans une heure.
       *[other] Nous vous attendons : votre rendez-vous a lieu dans { $hours } heures.
    }
reminder-patient-opening_soon = Nous vous attendons : votre rendez-vous commence dans moins d’une heure.
reminder-patient-closing = Si vous ne pouvez pas venir, merci d’annuler dès que possible, afin qu’une autre personne puisse profiter de ce créneau.

## To doctors.

requested-doctor-subject = Nouvelle demande de rendez-vous
requested-doctor-opening = Un rendez-vous avec vous a été demandé. Le créneau est gardé jusqu’à la réponse.
requested-doctor-closing = { look }

booked-doctor-subject = Nouveau rendez-vous
booked-doctor-opening = Un rendez-vous avec vous a été réservé.
booked-doctor-closing = { look }

rescheduled-doctor-subject = Rendez-vous déplacé
rescheduled-doctor-opening = Un rendez-vous avec vous a été déplacé. Voici le nouvel horaire :
rescheduled-doctor-closing = { look }

cancelled-doctor-subject = Rendez-vous annulé
cancelled-doctor-opening = Ce rendez-vous avec vous a été annulé. Le créneau est de nouveau libre.
cancelled-doctor-closing = { look }

expired-doctor-subject = Demande de rendez-vous expirée
expired-doctor-opening = Une demande pour ce rendez-vous avec vous n’a pas reçu de réponse à temps. Le créneau est de nouveau libre.
expired-doctor-closing = { look }

accepted-doctor-subject = Rendez-vous fixé
accepted-doctor-opening = Un rendez-vous avec vous est fixé.
accepted-doctor-closing = { look }

confirmed-doctor-subject = Rendez-vous confirmé
confirmed-doctor-opening = Un rendez-vous avec vous a été confirmé : la personne viendra.
confirmed-doctor-closing = { look }

completed-doctor-subject = Rendez-vous terminé
completed-doctor-opening = Un rendez-vous avec vous a été marqué comme terminé.
completed-doctor-closing = { look }

no_show-doctor-subject = Rendez-vous manqué
no_show-doctor-opening = Un rendez-vous avec vous a été marqué comme manqué : personne ne s’est présenté.
no_show-doctor-closing = { look }

changed-doctor-subject = Rendez-vous modifié
changed-doctor-opening = Un rendez-vous avec vous a été modifié.
changed-doctor-closing = { look }
