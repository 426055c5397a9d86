## What can be done by the links of messages: on buttons, in mails and on the pages that they lead to.

button-confirm = Ich komme
button-arrive = Ich bin da
button-move = Andere Zeit wählen
button-cancel = Termin absagen
button-unsubscribe = Diese E-Mails abbestellen
button-subscribe = Wieder erhalten

## The page of a visit: where it stands.

page-visit-title = Ihr Termin
page-visit-requested = Ihre Anfrage ist bei uns eingegangen. Wir melden uns bei Ihnen.
page-visit-scheduled = Wir erwarten Sie zu dieser Zeit.
page-visit-confirmed = Vielen Dank für Ihre Zusage. Wir freuen uns auf Sie.
page-visit-arrived = Wir wissen, dass Sie da sind.
page-visit-cancelled = Dieser Termin wurde abgesagt und findet nicht statt.
page-visit-expired = Die Anfrage wurde nicht rechtzeitig beantwortet. Dieser Termin findet nicht statt.
page-visit-over = Dieser Termin ist vorbei.
page-visit-back = Zurück zum Termin

## What is about to be done, and what was done.

page-confirm-title = Kommen Sie?
page-confirm-lead = Sagen Sie uns, dass Sie zu diesem Termin kommen:
page-confirm-done = Vielen Dank. Wir freuen uns auf Sie.
page-arrive-title = Sind Sie da?
page-arrive-lead = Sagen Sie uns, dass Sie zu diesem Termin da sind:
page-arrive-done = Vielen Dank. Wir wissen, dass Sie da sind.
page-move-title = Andere Zeit wählen
page-move-lead = Bis Sie eine andere Zeit wählen, bleibt es bei diesem Termin:
page-move-none = In diesen Wochen ist keine Zeit frei.
page-move-later = Spätere Zeiten
page-move-done = Ihr Termin wurde verschoben. Das ist die neue Zeit:
page-cancel-title = Termin absagen?
page-cancel-lead = Wenn Sie absagen, kann jemand anderes die Zeit nutzen. Bis dahin bleibt es bei Ihrem Termin:
page-cancel-late = Das ist kurzfristiger, als wir es uns wünschen. Bitte sagen Sie nur ab, wenn Sie nicht kommen können.
page-cancel-done = Der Termin ist abgesagt. Danke, dass Sie uns Bescheid gesagt haben.

## Why something was not done.

page-refused-changed = Der Termin hat sich geändert, seit Sie diese Seite geöffnet haben. So ist es jetzt:
page-refused-taken = Diese Zeit ist nicht mehr frei. Bitte wählen Sie eine andere.
page-refused-too_late = Das geht hier nicht mehr. Bitte rufen Sie uns an.
page-refused-impossible = Das ist jetzt nicht möglich. So steht es um den Termin:
page-refused-choice = Bitte wählen Sie eine Zeit.

## Messages that somebody no longer wants.

page-unsubscribe-title = Diese E-Mails abbestellen?
page-unsubscribe-visit_changes = Wenn Sie unten bestätigen, erhalten Sie keine E-Mails mehr über Änderungen Ihrer Termine. Wenn ein Termin nicht stattfindet, sagen wir Ihnen das in jedem Fall.
page-unsubscribe-reminders = Wenn Sie unten bestätigen, erhalten Sie keine Erinnerungen an Ihre Termine mehr per E-Mail.
page-unsubscribe-offers = Wenn Sie unten bestätigen, erhalten Sie keine E-Mails mehr über frei gewordene Zeiten.
page-unsubscribed-title = Diese E-Mails sind abbestellt
page-unsubscribed-lead = Sie erhalten diese E-Mails nicht mehr.
page-subscribed-title = Sie erhalten diese E-Mails wieder
page-subscribed-lead = Ab jetzt schicken wir Ihnen diese E-Mails wieder.

page-dead-title = Dieser Link funktioniert nicht mehr
page-dead-lead = Er ist zu alt oder nicht mehr gültig. Bitte nehmen Sie die neueste Nachricht, oder rufen Sie uns an.
