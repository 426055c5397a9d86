## To patients who wait: a time is kept for whoever is next, or told to several at once.

offered-patient-subject = Ha quedado libre una cita
offered-patient-opening = Está usted en nuestra lista de espera y ha quedado libre una cita. Se la guardamos hasta que termine el plazo de respuesta:
offered-patient-closing = Acéptela o rechácela en su cuenta. Si no responde a tiempo, se ofrecerá a la siguiente persona.

offered_to_several-patient-subject = Ha quedado libre una cita
offered_to_several-patient-opening = Está usted en nuestra lista de espera y ha quedado libre una cita. También hemos avisado a otras personas, y será para quien la acepte primero:
offered_to_several-patient-closing = Acéptela o rechácela en su cuenta.
