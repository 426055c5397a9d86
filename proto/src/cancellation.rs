//! Why visits are cancelled: the codes of `http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason`.
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! reasons {
    ($($name:ident = $code:tt)*) => {
        /// Why a visit is cancelled.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        pub enum CancellationReason {$(
            #[serde(rename = $code)]
            $name,
        )*}

        impl CancellationReason {
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            pub fn code(self) -> &'static str {
                match self {$(Self::$name => $code,)*}
            }
        }
    };
}

reasons! {
    Patient = "pat"
    ReminderSystem = "pat-crs"
    PatientPortal = "pat-cpp"
    PatientDeceased = "pat-dec"
    PatientFeelsBetter = "pat-fb"
    LackOfTransportation = "pat-lt"
    MemberTerminated = "pat-mt"
    PatientMoved = "pat-mv"
    PatientPregnant = "pat-preg"
    ScheduledFromWaitList = "pat-swl"
    UnableToPay = "pat-ucp"
    Provider = "prov"
    ProviderPersonal = "prov-pers"
    Discharged = "prov-dch"
    ProviderMeeting = "prov-edu"
    PatientHospitalized = "prov-hosp"
    LabsOutOfRange = "prov-labs"
    MriScreening = "prov-mri"
    OncologyPlanChanged = "prov-onc"
    EquipmentMaintenance = "maint"
    PreparationIncomplete = "meds-inc"
    Other = "other"
    TherapyCap = "oth-cms"
    Error = "oth-err"
    Financial = "oth-fin"
    ImproperIvAccess = "oth-iv"
    NoInterpreter = "oth-int"
    ResultsUnavailable = "oth-mu"
    RoomMaintenance = "oth-room"
    OrderError = "oth-oerr"
    SilentWalkInError = "oth-swie"
    Weather = "oth-weath"
}

/// A code that is none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a code of the cancellation reasons")]
pub struct UnknownReason;

impl TryFrom<String> for CancellationReason {
    type Error = UnknownReason;

    fn try_from(code: String) -> Result<Self, UnknownReason> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code).ok_or(UnknownReason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::value::{Error, StrDeserializer};

    #[test]
    fn a_code_is_the_same_on_both_wires() {
        for reason in CancellationReason::ALL {
            assert_eq!(CancellationReason::try_from(reason.code().to_owned()), Ok(*reason));
            let read = CancellationReason::deserialize(StrDeserializer::<Error>::new(reason.code()));
            assert_eq!(read, Ok(*reason));
        }
        assert_eq!(CancellationReason::try_from("bored".to_owned()), Err(UnknownReason));
    }
}
