//! What a person wants to know of a running system.
use super::Arguments;
use super::system::{System, sms};
use local::demo;
use local::mesh::ADMIN;
use local::places::Places;
use local::say::Say;
use local::service::Service;

pub(super) fn tell(system: &System, arguments: &Arguments, places: &Places, say: &Say) {
    let gateways = system.mesh.gateway_urls();
    say.line("\nThe clinic is open.\n");
    let row = |title: &str, text: &str| say.line(format_args!("  {title:<10}{text}"));
    row("REST", &gateways.join(", "));
    row("Docs", &format!("{}/docs", gateways[0]));
    if let Some(authority) = &system.mesh.authority {
        let ca = authority.certificate.display();
        row("Trust", &format!("{ca} (curl --cacert {ca}; browsers import it as an authority)"));
    }
    row("Mail", &system.mail.url());
    row("SMS", &format!("{} (once there is one)", sms(places).display()));
    for (index, service) in Service::GRPC.into_iter().enumerate() {
        let title = if index == 0 { "gRPC" } else { "" };
        let addresses: Vec<String> =
            system.mesh.of(service).iter().map(|one| one.address.to_string()).collect();
        row(title, &format!("{service:<18}{}", addresses.join(", ")));
    }
    row("Logs", &places.logs.display().to_string());
    row("Pids", &places.run().display().to_string());

    say.line("\n  Log in as           with the password");
    let secrets = &system.secrets;
    let login =
        |who: &str, email: &str, password: &str| say.line(format_args!("    {email:<32}{password}  ({who})"));
    login("administrator", ADMIN, &secrets.admin_password);
    if !arguments.no_demo {
        login("staff", demo::STAFF, &secrets.demo_password);
        login("doctor", &demo::doctor_email(), &secrets.demo_password);
        login("patient", &demo::patient_email(), &secrets.demo_password);
    }
    say.line("\nCtrl-C stops everything.");
}
