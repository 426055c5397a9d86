## To those who watch.

glass_broken-account-subject = A doctor broke the glass
glass_broken-account-opening = A doctor has opened the records of a patient in an emergency, beyond what they may read otherwise. An admin or auditor has to review it.
glass_broken-account-closing = The grant has the reason and the patient. To protect patients, e-mail does not.
records-very_restricted = also very restricted ones
records-others = none that are very restricted
