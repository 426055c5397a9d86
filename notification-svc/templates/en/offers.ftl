## To patients who wait: a time is kept for whoever is next, or told to several at once.

offered-patient-subject = A time has come free
offered-patient-opening = You are on our waitlist, and a time has come free. It is kept for you until the time to answer is over:
offered-patient-closing = Accept or decline it in your account. If you do not answer in time, it is offered to whoever is next.

offered_to_several-patient-subject = A time has come free
offered_to_several-patient-opening = You are on our waitlist, and a time has come free. Others were told of it, too, and the first who accepts has it:
offered_to_several-patient-closing = Accept or decline it in your account.
