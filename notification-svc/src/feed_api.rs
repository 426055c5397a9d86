//! The gRPC face of calendars that programs of others subscribe to: who, what, do, reply.
use crate::convert::feeds::{feed, of_doctor, of_patient, titles};
use crate::domain::{FeedOwner, Titles};
use crate::subscribing::Subscribing;
use pb::calendar_feed_service_server::CalendarFeedService;
use platform::caller::User;
use platform::clock::Clock;
use proto::notification as pb;
use tonic::{Request, Response, Result};

pub struct FeedApi {
    pub subscribing: Subscribing,
    pub clock: Clock,
}

impl FeedApi {
    async fn find(&self, user: User, owner: FeedOwner) -> Result<Response<pb::CalendarFeed>> {
        Ok(Response::new(feed(&self.subscribing.find(user, owner).await?)))
    }

    async fn rotate(
        &self,
        user: User,
        owner: FeedOwner,
        titles: Titles,
    ) -> Result<Response<pb::NewCalendarFeed>> {
        let (found, url) = self.subscribing.rotate(user, owner, titles).await?;
        Ok(Response::new(pb::NewCalendarFeed { feed: Some(feed(&found)), url }))
    }

    async fn delete(&self, user: User, owner: FeedOwner) -> Result<Response<pb::DeleteCalendarFeedResponse>> {
        self.subscribing.delete(user, owner).await?;
        Ok(Response::new(pb::DeleteCalendarFeedResponse {}))
    }
}

#[tonic::async_trait]
impl CalendarFeedService for FeedApi {
    async fn get_patient_calendar_feed(
        &self,
        request: Request<pb::GetPatientCalendarFeedRequest>,
    ) -> Result<Response<pb::CalendarFeed>> {
        self.find(User::of(&request)?, of_patient(&request.get_ref().patient_id)?).await
    }

    async fn rotate_patient_calendar_feed(
        &self,
        request: Request<pb::RotatePatientCalendarFeedRequest>,
    ) -> Result<Response<pb::NewCalendarFeed>> {
        let user = User::of(&request)?;
        let request = request.into_inner();
        self.rotate(user, of_patient(&request.patient_id)?, titles(request.titles)?).await
    }

    async fn delete_patient_calendar_feed(
        &self,
        request: Request<pb::DeletePatientCalendarFeedRequest>,
    ) -> Result<Response<pb::DeleteCalendarFeedResponse>> {
        self.delete(User::of(&request)?, of_patient(&request.get_ref().patient_id)?).await
    }

    async fn get_doctor_calendar_feed(
        &self,
        request: Request<pb::GetDoctorCalendarFeedRequest>,
    ) -> Result<Response<pb::CalendarFeed>> {
        self.find(User::of(&request)?, of_doctor(&request.get_ref().doctor_id)?).await
    }

    async fn rotate_doctor_calendar_feed(
        &self,
        request: Request<pb::RotateDoctorCalendarFeedRequest>,
    ) -> Result<Response<pb::NewCalendarFeed>> {
        let user = User::of(&request)?;
        let request = request.into_inner();
        self.rotate(user, of_doctor(&request.doctor_id)?, titles(request.titles)?).await
    }

    async fn delete_doctor_calendar_feed(
        &self,
        request: Request<pb::DeleteDoctorCalendarFeedRequest>,
    ) -> Result<Response<pb::DeleteCalendarFeedResponse>> {
        self.delete(User::of(&request)?, of_doctor(&request.get_ref().doctor_id)?).await
    }

    async fn get_calendar(&self, request: Request<pb::GetCalendarRequest>) -> Result<Response<pb::Calendar>> {
        let content = self.subscribing.calendar(&request.get_ref().token, self.clock.now()).await?;
        Ok(Response::new(pb::Calendar { content }))
    }
}
