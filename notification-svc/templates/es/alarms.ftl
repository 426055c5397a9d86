## To those who watch.

glass_broken-account-subject = Acceso de emergencia a un historial
glass_broken-account-opening = En una emergencia se ha abierto el historial de un paciente más allá de los permisos habituales. El acceso debe revisarlo una persona de administración o auditoría.
glass_broken-account-closing = El motivo y el paciente constan en el permiso. Para proteger a los pacientes, el correo no los indica.
records-very_restricted = también los muy restringidos
records-others = ninguno muy restringido
