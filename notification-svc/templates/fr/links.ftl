## What can be done by the links of messages: on buttons, in mails and on the pages that they lead to.

button-confirm = Je viendrai
button-arrive = Je suis là
button-move = Choisir un autre horaire
button-cancel = Annuler le rendez-vous
button-unsubscribe = Ne plus recevoir ces e-mails
button-subscribe = Les recevoir de nouveau

## The page of a visit: where it stands.

page-visit-title = Votre rendez-vous
page-visit-requested = Nous avons bien reçu votre demande et allons y répondre.
page-visit-scheduled = Nous vous attendons à cet horaire.
page-visit-confirmed = Merci d’avoir confirmé votre venue. Nous serons heureux de vous accueillir.
page-visit-arrived = Nous savons que vous êtes là.
page-visit-cancelled = Ce rendez-vous est annulé et n’aura pas lieu.
page-visit-expired = La demande n’a pas reçu de réponse à temps, et ce rendez-vous n’aura pas lieu.
page-visit-over = Ce rendez-vous est passé.
page-visit-back = Retour au rendez-vous

## What is about to be done, and what was done.

page-confirm-title = Viendrez-vous ?
page-confirm-lead = Dites-nous que vous viendrez à ce rendez-vous :
page-confirm-done = Merci. Nous serons heureux de vous accueillir.
page-arrive-title = Êtes-vous là ?
page-arrive-lead = Dites-nous que vous êtes là pour ce rendez-vous :
page-arrive-done = Merci. Nous savons que vous êtes là.
page-move-title = Choisir un autre horaire
page-move-lead = Tant que vous n’en choisissez pas un autre, votre rendez-vous reste à cet horaire :
page-move-none = Aucun horaire n’est libre pendant ces semaines.
page-move-later = Horaires suivants
page-move-done = Votre rendez-vous a été déplacé. Voici le nouvel horaire :
page-cancel-title = Annuler le rendez-vous ?
page-cancel-lead = Si vous annulez, une autre personne pourra profiter du créneau. D’ici là, votre rendez-vous est maintenu :
page-cancel-late = C’est plus tard que le délai que nous demandons. N’annulez que si vous ne pouvez pas venir.
page-cancel-done = Le rendez-vous est annulé. Merci de nous avoir prévenus.

## Why something was not done.

page-refused-changed = Le rendez-vous a changé depuis que vous avez ouvert cette page. Voici ce qu’il en est :
page-refused-taken = Cet horaire n’est plus disponible. Merci d’en choisir un autre.
page-refused-too_late = Ce n’est plus possible ici. Merci de nous appeler.
page-refused-impossible = Ce n’est pas possible maintenant. Voici ce qu’il en est du rendez-vous :
page-refused-choice = Merci de choisir un horaire.

## Messages that somebody no longer wants.

page-unsubscribe-title = Ne plus recevoir ces e-mails ?
page-unsubscribe-visit_changes = Si vous appuyez sur le bouton, vous ne recevrez plus d’e-mails sur les changements de vos rendez-vous. Si un rendez-vous n’a pas lieu, nous vous le dirons dans tous les cas.
page-unsubscribe-reminders = Si vous appuyez sur le bouton, vous ne recevrez plus de rappels de vos rendez-vous par e-mail.
page-unsubscribe-offers = Si vous appuyez sur le bouton, vous ne recevrez plus d’e-mails sur les horaires qui se libèrent.
page-unsubscribed-title = Vous ne recevrez plus ces e-mails
page-unsubscribed-lead = Nous avons noté que vous ne souhaitez plus recevoir ces e-mails.
page-subscribed-title = Vous recevez de nouveau ces e-mails
page-subscribed-lead = Nous vous enverrons de nouveau ces e-mails.

page-dead-title = Ce lien ne fonctionne plus
page-dead-lead = Il est trop ancien ou n’est plus valable. Utilisez le message le plus récent ou appelez-nous.
