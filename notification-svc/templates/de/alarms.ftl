## To those who watch.

glass_broken-account-subject = Notfallzugriff auf eine Patientenakte
glass_broken-account-opening = In einem Notfall wurde eine Patientenakte über die üblichen Rechte hinaus geöffnet. Der Zugriff muss von der Administration oder Revision geprüft werden.
glass_broken-account-closing = Grund und Patient stehen in der Freigabe. Zum Schutz der Patientinnen und Patienten stehen sie nicht in der E-Mail.
records-very_restricted = auch besonders geschützte
records-others = keine besonders geschützten
