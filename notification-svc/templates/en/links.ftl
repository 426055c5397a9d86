## What can be done by the links of messages: on buttons, in mails and on the pages that they lead to.

button-confirm = I will come
button-arrive = I am here
button-move = Choose another time
button-cancel = Cancel the appointment
button-unsubscribe = Stop these e-mails
button-subscribe = Receive them again

## The page of a visit: where it stands.

page-visit-title = Your appointment
page-visit-requested = We have received your request and will answer it.
page-visit-scheduled = We expect you at this time.
page-visit-confirmed = Thank you for telling us that you will come. We look forward to seeing you.
page-visit-arrived = We know that you are here.
page-visit-cancelled = This appointment is cancelled and will not take place.
page-visit-expired = The request was not answered in time, and this appointment will not take place.
page-visit-over = This appointment is over.
page-visit-back = Back to the appointment

## What is about to be done, and what was done.

page-confirm-title = Will you come?
page-confirm-lead = Tell us that you will come to this appointment:
page-confirm-done = Thank you. We look forward to seeing you.
page-arrive-title = Are you here?
page-arrive-lead = Tell us that you are here for this appointment:
page-arrive-done = Thank you. We know that you are here.
page-move-title = Choose another time
page-move-lead = Until you choose another time, your appointment is at this one:
page-move-none = There is no free time in these weeks.
page-move-later = Later times
page-move-done = Your appointment has been moved. This is the new time:
page-cancel-title = Cancel the appointment?
page-cancel-lead = If you cancel, somebody else can have this time. Until then, your appointment stays as it is:
page-cancel-late = This is later than the notice we ask for. Please cancel only if you cannot come.
page-cancel-done = The appointment is cancelled. Thank you for telling us.

## Why something was not done.

page-refused-changed = The appointment has changed since you opened this page. This is how it is now:
page-refused-taken = This time is no longer available. Please choose another.
page-refused-too_late = This cannot be done here any more. Please call us.
page-refused-impossible = This is not possible now. This is how the appointment is:
page-refused-choice = Please choose a time.

## Messages that somebody no longer wants.

page-unsubscribe-title = Stop these e-mails?
page-unsubscribe-visit_changes = If you press the button, you will no longer get e-mails about changes of your appointments. We will always tell you if an appointment will not take place.
page-unsubscribe-reminders = If you press the button, you will no longer get reminders of your appointments by e-mail.
page-unsubscribe-offers = If you press the button, you will no longer get e-mails about times that have come free.
page-unsubscribed-title = These e-mails have stopped
page-unsubscribed-lead = You will no longer get these e-mails.
page-subscribed-title = You get these e-mails again
page-subscribed-lead = From now on we will send you these e-mails again.

page-dead-title = This link does not work any more
page-dead-lead = It is too old, or no longer valid. Please use the newest message, or call us.
