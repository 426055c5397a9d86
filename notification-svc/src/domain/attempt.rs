//! Attempts: how they end, and when the next one is.
use jiff::Timestamp;
use std::time::Duration;

/// Why an attempt did not succeed. Classes only: what a mail server says may name a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    AuthSvcUnavailable,
    AppointmentSvcUnavailable,
    PatientSvcUnavailable,
    DoctorSvcUnavailable,
    /// appointment-svc does not know the visit.
    AppointmentUnknown,
    /// appointment-svc does not know the offer.
    OfferUnknown,
    /// The settings do not have the address that was to be told.
    ContactUnknown,
    /// A service answered what makes no sense.
    BadAnswer,
    /// The address, or a message to it, cannot be written down.
    Unsendable,
    /// No connection to the mail server.
    SmtpRefused,
    /// The mail server does not serve us: wrong password, not allowed.
    SmtpDenied,
    /// The mail server did not let us in, or did not agree to take the message, in time.
    SmtpTimeout,
    /// The mail server was given the message and did not say in time what became of it: it may have accepted.
    SmtpUnanswered,
    /// The connection broke while sending.
    SmtpInterrupted,
    /// A 4xx reply: later perhaps.
    SmtpTransient,
    /// A 5xx reply: never.
    SmtpPermanent,
    /// No connection to the provider of SMS, or none that is trusted; or the file for them cannot be written.
    SmsUnreachable,
    /// The provider does not serve us, or not there: wrong token, wrong URL.
    SmsDenied,
    /// The provider was asked and did not say in time what became of it: it may have accepted.
    SmsUnanswered,
    /// The connection to the provider broke: it may have accepted.
    SmsInterrupted,
    /// The provider says: later perhaps.
    SmsTransient,
    /// The provider refuses this message: never.
    SmsRefused,
    /// The store failed, or took too long.
    Interrupted,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Sent,
    /// A later change made it untrue.
    Superseded,
    /// The recipient has no address, or wants nothing of the kind by this channel.
    Skipped,
    /// The recipient's number is none that an SMS can go to.
    BadNumber,
    /// It would be of no use any more: a reminder, or an SMS that nobody could send for long.
    Late,
    /// The recipient wants quiet until then.
    Postponed {
        until: Timestamp,
    },
    Retry {
        after: Duration,
        failure: Failure,
    },
    GivenUp(Failure),
}

/// Seconds to wait after the first failure, the second, and so on: about a day in all.
const PAUSES: [u64; 18] = [
    1, 5, 30, 120, 600, 1800, // while it may be a hiccup
    7200, 7200, 7200, 7200, 7200, 7200, 7200, 7200, 7200, 7200, 7200, 7200, // while somebody repairs it
];

/// How long to wait after `failed` attempts have failed before; none when it was the last.
pub(super) fn pause(failed: u32) -> Option<Duration> {
    let seconds = PAUSES.get(usize::try_from(failed).ok()?)?;
    Some(Duration::from_secs(*seconds))
}

impl Failure {
    /// Whether trying again is of no use.
    pub fn is_permanent(self) -> bool {
        matches!(
            self,
            Self::AppointmentUnknown
                | Self::OfferUnknown
                | Self::Unsendable
                | Self::SmtpPermanent
                | Self::SmsRefused
        )
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::AuthSvcUnavailable => "auth_svc_unavailable",
            Self::AppointmentSvcUnavailable => "appointment_svc_unavailable",
            Self::PatientSvcUnavailable => "patient_svc_unavailable",
            Self::DoctorSvcUnavailable => "doctor_svc_unavailable",
            Self::AppointmentUnknown => "appointment_unknown",
            Self::OfferUnknown => "offer_unknown",
            Self::ContactUnknown => "contact_unknown",
            Self::BadAnswer => "bad_answer",
            Self::Unsendable => "unsendable",
            Self::SmtpRefused => "smtp_refused",
            Self::SmtpDenied => "smtp_denied",
            Self::SmtpTimeout => "smtp_timeout",
            Self::SmtpUnanswered => "smtp_unanswered",
            Self::SmtpInterrupted => "smtp_interrupted",
            Self::SmtpTransient => "smtp_transient",
            Self::SmtpPermanent => "smtp_permanent",
            Self::SmsUnreachable => "sms_unreachable",
            Self::SmsDenied => "sms_denied",
            Self::SmsUnanswered => "sms_unanswered",
            Self::SmsInterrupted => "sms_interrupted",
            Self::SmsTransient => "sms_transient",
            Self::SmsRefused => "sms_refused",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Superseded => "superseded",
            Self::Skipped => "skipped",
            Self::BadNumber => "skipped_bad_number",
            Self::Late => "skipped_late",
            Self::Postponed { .. } => "postponed",
            Self::Retry { .. } => "retry",
            Self::GivenUp(_) => "failed",
        }
    }

    pub fn failure(self) -> Option<Failure> {
        match self {
            Self::Retry { failure, .. } | Self::GivenUp(failure) => Some(failure),
            Self::Sent
            | Self::Superseded
            | Self::Skipped
            | Self::BadNumber
            | Self::Late
            | Self::Postponed { .. } => None,
        }
    }
}
