## To patients who wait: a time is kept for whoever is next, or told to several at once.

offered-patient-subject = Ein Termin ist frei geworden
offered-patient-opening = Sie stehen auf unserer Warteliste, und ein Termin ist frei geworden. Er ist für Sie reserviert, bis die Antwortfrist endet:
offered-patient-closing = Nehmen Sie ihn in Ihrem Konto an oder lehnen Sie ihn dort ab. Wenn Sie nicht rechtzeitig antworten, wird er der nächsten Person angeboten.

offered_to_several-patient-subject = Ein Termin ist frei geworden
offered_to_several-patient-opening = Sie stehen auf unserer Warteliste, und ein Termin ist frei geworden. Auch andere haben davon erfahren, und wer zuerst zusagt, bekommt ihn:
offered_to_several-patient-closing = Nehmen Sie ihn in Ihrem Konto an oder lehnen Sie ihn dort ab.
