## To patients who wait: a time is kept for whoever is next, or told to several at once.

offered-patient-subject = Un rendez-vous s’est libéré
offered-patient-opening = Vous êtes sur notre liste d’attente et un rendez-vous s’est libéré. Il vous est réservé jusqu’à la fin du délai de réponse :
offered-patient-closing = Acceptez-le ou refusez-le dans votre compte. Sans réponse de votre part à temps, il sera proposé à la personne suivante.

offered_to_several-patient-subject = Un rendez-vous s’est libéré
offered_to_several-patient-opening = Vous êtes sur notre liste d’attente et un rendez-vous s’est libéré. D’autres personnes en ont aussi été informées : la première qui l’accepte l’obtient.
offered_to_several-patient-closing = Acceptez-le ou refusez-le dans votre compte.
