//! How each service is reached.
use crate::config::Peers;
use platform::client::{Identity, Peer};
use proto::appointment::appointment_service_client::AppointmentServiceClient;
use proto::appointment::waitlist_service_client::WaitlistServiceClient;
use proto::auth::account_service_client::AccountServiceClient;
use proto::auth::api_client_service_client::ApiClientServiceClient;
use proto::auth::auth_service_client::AuthServiceClient;
use proto::auth::proxy_service_client::ProxyServiceClient;
use proto::auth::second_factor_service_client::SecondFactorServiceClient;
use proto::doctor::doctor_service_client::DoctorServiceClient;
use proto::events::dead_letter_service_client::DeadLetterServiceClient;
use proto::notification::calendar_feed_service_client::CalendarFeedServiceClient;
use proto::notification::link_service_client::LinkServiceClient;
use proto::notification::notification_service_client::NotificationServiceClient;
use proto::notification::preference_service_client::PreferenceServiceClient;
use proto::notification::template_service_client::TemplateServiceClient;
use proto::notification::webhook_service_client::WebhookServiceClient;
use proto::patient::audit_service_client::AuditServiceClient;
use proto::patient::break_glass_service_client::BreakGlassServiceClient;
use proto::patient::patient_service_client::PatientServiceClient;

/// A page of medical records is the largest answer there is: 200 of at most 256 KiB each.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// One client per gRPC service. Clones share their connections.
#[derive(Clone)]
pub struct Clients {
    pub auth: AuthServiceClient<Peer>,
    pub api_clients: ApiClientServiceClient<Peer>,
    pub accounts: AccountServiceClient<Peer>,
    pub proxies: ProxyServiceClient<Peer>,
    pub second_factor: SecondFactorServiceClient<Peer>,
    pub patients: PatientServiceClient<Peer>,
    pub break_glass: BreakGlassServiceClient<Peer>,
    pub audit: AuditServiceClient<Peer>,
    pub doctors: DoctorServiceClient<Peer>,
    pub appointments: AppointmentServiceClient<Peer>,
    pub waitlist: WaitlistServiceClient<Peer>,
    pub notifications: NotificationServiceClient<Peer>,
    pub webhooks: WebhookServiceClient<Peer>,
    pub preferences: PreferenceServiceClient<Peer>,
    pub links: LinkServiceClient<Peer>,
    pub dead_appointment_events: DeadLetterServiceClient<Peer>,
    pub dead_notification_events: DeadLetterServiceClient<Peer>,
    pub templates: TemplateServiceClient<Peer>,
    pub calendars: CalendarFeedServiceClient<Peer>,
}

impl Clients {
    pub fn new(services: &Services) -> Self {
        let Services { auth, patient, doctor, appointment, notification } = services.clone();
        Self {
            accounts: AccountServiceClient::new(auth.clone()),
            api_clients: ApiClientServiceClient::new(auth.clone()),
            proxies: ProxyServiceClient::new(auth.clone()),
            second_factor: SecondFactorServiceClient::new(auth.clone()),
            auth: AuthServiceClient::new(auth),
            audit: AuditServiceClient::new(patient.clone()),
            patients: PatientServiceClient::new(patient.clone()).max_decoding_message_size(MAX_ANSWER_BYTES),
            break_glass: BreakGlassServiceClient::new(patient),
            doctors: DoctorServiceClient::new(doctor).max_decoding_message_size(MAX_ANSWER_BYTES),
            appointments: AppointmentServiceClient::new(appointment.clone())
                .max_decoding_message_size(MAX_ANSWER_BYTES),
            dead_appointment_events: DeadLetterServiceClient::new(appointment.clone())
                .max_decoding_message_size(MAX_ANSWER_BYTES),
            waitlist: WaitlistServiceClient::new(appointment).max_decoding_message_size(MAX_ANSWER_BYTES),
            dead_notification_events: DeadLetterServiceClient::new(notification.clone())
                .max_decoding_message_size(MAX_ANSWER_BYTES),
            webhooks: WebhookServiceClient::new(notification.clone()),
            notifications: NotificationServiceClient::new(notification.clone()),
            preferences: PreferenceServiceClient::new(notification.clone()),
            calendars: CalendarFeedServiceClient::new(notification.clone())
                .max_decoding_message_size(MAX_ANSWER_BYTES),
            links: LinkServiceClient::new(notification.clone()),
            templates: TemplateServiceClient::new(notification),
        }
    }
}

/// The services themselves. People call them, each with a token of their own; the gateway says that it brings them.
#[derive(Clone)]
pub struct Services {
    pub auth: Peer,
    pub patient: Peer,
    pub doctor: Peer,
    pub appointment: Peer,
    pub notification: Peer,
}

impl Services {
    pub fn new(urls: &Peers, identity: &Identity) -> anyhow::Result<Self> {
        let peer = |name, urls: &str| Peer::new(name, urls, Some(identity.clone()));
        Ok(Self {
            auth: peer("auth-svc", &urls.auth_url)?,
            patient: peer("patient-svc", &urls.patient_url)?,
            doctor: peer("doctor-svc", &urls.doctor_url)?,
            appointment: peer("appointment-svc", &urls.appointment_url)?,
            notification: peer("notification-svc", &urls.notification_url)?,
        })
    }
}
