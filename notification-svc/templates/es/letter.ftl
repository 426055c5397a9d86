## What every message has.

greeting-patient = Hola, { $name }:
greeting-doctor = Hola, { $name }:
greeting-account = Hola, { $name }:
greeting-unnamed = Hola:
sign_off = Un cordial saludo,
footer = Este mensaje se ha enviado automáticamente. Las respuestas no se leen.

## Shown beside the subject where mail is listed.

preheader-visit = Un mensaje de { $clinic } sobre su cita.
preheader-schedule = Un mensaje de { $clinic } sobre su agenda.
preheader-offer = Un mensaje de { $clinic } sobre nuestra lista de espera.
preheader-account = Un mensaje de { $clinic } sobre su cuenta.
preheader-alarm = Un mensaje de { $clinic }: hay algo que revisar.

## The facts of a message: what each is called, and how it stands in front of the fact.

label = { $label }:
label-date = Fecha
label-time = Hora
label-zone = Zona horaria
label-reader_time = Su hora
label-doctor = Con
label-answer_by = Fecha límite
label-valid_until = Válido hasta
label-grant = Permiso
label-opened_by = Por
label-records = Historiales
label-look = Consultar
label-review = Revisar
# Without a title: Dr. or Dra. is not known.
doctor_name = { $name }
