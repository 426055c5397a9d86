## To those who watch.

glass_broken-account-subject = Accès d’urgence à un dossier
glass_broken-account-opening = En urgence, le dossier d’un patient a été ouvert au-delà des droits habituels. L’accès doit être examiné par l’administration ou l’audit.
glass_broken-account-closing = Le motif et le patient figurent dans l’autorisation. Pour protéger les patients, l’e-mail ne les précise pas.
records-very_restricted = y compris les plus confidentiels
records-others = aucun des plus confidentiels
