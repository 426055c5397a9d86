## In short, by SMS: 160 letters for one message, with the clinic, the time and the doctor.

sms-when = { $when }, bei { $doctor }

booked-patient-sms = { $clinic }: Ihr Termin ist gebucht: { $when }.
accepted-patient-sms = { $clinic }: Ihr Termin ist gebucht: { $when }.
confirmed-patient-sms = { $clinic }: Vielen Dank, Ihr Termin ist bestätigt: { $when }.
rescheduled-patient-sms = { $clinic }: Ihr Termin wurde verschoben. Die neue Zeit: { $when }.
cancelled-patient-sms = { $clinic }: Ihr Termin wurde abgesagt und findet nicht statt: { $when }.
expired-patient-sms = { $clinic }: Ihre Anfrage blieb leider unbeantwortet. Dieser Termin entfällt: { $when }.
reminder-patient-sms = { $clinic }: Wir erinnern an Ihren Termin: { $when }. Bei Verhinderung sagen Sie bitte ab.
offered-patient-sms = { $clinic }: Ein Termin ist frei geworden: { $when }. Bitte antworten Sie in Ihrem Konto. Er ist für Sie reserviert bis { $until }.
offered_to_several-patient-sms = { $clinic }: Ein Termin ist frei geworden: { $when }. Wer zuerst im Konto zusagt, bekommt ihn. Antwort bis { $until }.
