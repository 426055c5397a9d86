//! How many requests may be under way at once: as many as are answered about as fast as when there are few.
use http::Method;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// Requests that are judged together: those that end in this time, if they are enough.
const WINDOW: Duration = Duration::from_millis(250);
const ENOUGH: usize = 20;
/// What comes more slowly than that is not too much.
const EXPIRY: Duration = Duration::from_secs(1);
/// Answers that take that much longer than usual, as half of all do, have waited for each other.
const TOO_LONG: f64 = 6.0;
const FAR_TOO_LONG: f64 = 2.0 * TOO_LONG;
/// What takes a tenth of a second seems to be there at once (Nielsen, Usability Engineering, 1993, chapter 5): nobody minds
/// how much less it takes at other times.
const FAST: f64 = 0.1 / TOO_LONG;
/// In which what is usual becomes half as much again and more, should everything have become slower for good.
const FORGET: f64 = 600.0;
/// Of a pause that is not known to have been busy, this much counts.
const LONGEST_PAUSE: f64 = 60.0;

/// How many were under way when a request came, it among them, and when it ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnderWay {
    pub(super) before: u32,
    pub(super) after: u32,
}

/// What is judged, and what came of it so far.
pub(super) struct Congestion {
    least: u32,
    most: u32,
    limit: u32,
    usual: HashMap<String, HashMap<Method, Usual>>,
    /// How many times longer than usual each took.
    stretches: Vec<f64>,
    since: Instant,
    /// Most that were under way at once, how many when those began to be judged, and how many there are still.
    peak: u32,
    first: u32,
    left: u32,
    /// Whether somebody was refused.
    has_refused: bool,
    /// Whether those judged before had waited for each other, without any limit that would have helped.
    was_late: bool,
}

/// How long a route takes when nobody waits, in seconds.
struct Usual {
    seconds: f64,
    since: Instant,
}

impl Usual {
    /// Falls fast to what is faster, and rises slowly: what is slow now may be so because much is asked for.
    fn note(&mut self, seconds: f64, now: Instant) {
        let passed = now.duration_since(self.since).as_secs_f64().min(LONGEST_PAUSE);
        self.since = now;
        if seconds < self.seconds {
            self.seconds += (seconds - self.seconds) * 0.2;
        } else {
            self.seconds *= 1.0 + passed / FORGET;
        }
    }
}

impl Congestion {
    pub(super) fn new(least: u32, most: u32, now: Instant) -> Self {
        let most = most.max(least);
        Self {
            least,
            most,
            limit: most,
            usual: HashMap::new(),
            stretches: Vec::new(),
            since: now,
            peak: 0,
            first: 0,
            left: 0,
            has_refused: false,
            was_late: false,
        }
    }

    pub(super) fn limit(&self) -> u32 {
        self.limit
    }

    /// One request was not answered in time, or its service had no place for it.
    pub(super) fn fail(&mut self, under_way: UnderWay, now: Instant) {
        self.take(f64::INFINITY, under_way, now);
    }

    /// As many are under way as there may be of what is this important: it is a limit that was reached.
    pub(super) fn refuse(&mut self) {
        self.peak = self.limit;
        self.has_refused = true;
    }

    /// One request was answered as it should be.
    pub(super) fn note(
        &mut self,
        method: &Method,
        route: &str,
        took: Duration,
        under_way: UnderWay,
        now: Instant,
    ) {
        let seconds = took.as_secs_f64();
        let usual = self.usual(method, route, seconds, now);
        usual.note(seconds, now);
        let stretch = seconds / usual.seconds.max(FAST);
        self.take(stretch, under_way, now);
    }

    fn take(&mut self, stretch: f64, under_way: UnderWay, now: Instant) {
        if now.duration_since(self.since) > EXPIRY {
            self.was_late = false;
            if !self.has_refused {
                self.let_more_in();
            }
            self.begin(now);
        }
        self.stretches.push(stretch);
        self.peak = self.peak.max(under_way.before);
        self.left = under_way.after;
        if now.duration_since(self.since) >= WINDOW && self.stretches.len() >= ENOUGH {
            self.judge();
            self.begin(now);
        }
    }

    fn begin(&mut self, now: Instant) {
        self.stretches.clear();
        self.peak = 0;
        self.first = self.left;
        self.has_refused = false;
        self.since = now;
    }

    fn usual(&mut self, method: &Method, route: &str, seconds: f64, now: Instant) -> &mut Usual {
        if !self.usual.contains_key(route) {
            self.usual.insert(route.to_owned(), HashMap::new());
        }
        let methods = self.usual.get_mut(route).expect("it was put there");
        methods.entry(method.clone()).or_insert(Usual { seconds, since: now })
    }

    fn judge(&mut self) {
        let middle = self.stretches.len() / 2;
        let (_, &mut median, _) = self.stretches.select_nth_unstable_by(middle, f64::total_cmp);
        let is_late = median > TOO_LONG;
        // Fewer than the least wait for something else: no limit would help them.
        if is_late && self.peak > self.least {
            // Who came all at once is not too much; whoever comes all the time is.
            // What there is no memory for may have come all at once, too.
            let is_cut = self.has_refused && self.limit < self.most;
            if (is_cut || self.was_late) && !self.drains() {
                let tenths = if median > FAR_TOO_LONG { 5 } else { 8 };
                // From what there was: a limit that was never reached has not helped.
                self.limit = (self.limit.min(self.peak) * tenths / 10).max(self.least);
            }
        } else if !is_late {
            self.let_more_in();
        }
        self.was_late = is_late;
    }

    /// Whether fewer have come than half of those that are done: a queue that gets shorter needs no limit, however long it is
    /// (RFC 8289, section 3.1, of good queues and bad).
    fn drains(&self) -> bool {
        let gone = usize::try_from(self.first.saturating_sub(self.left)).unwrap_or_default();
        2 * gone >= self.stretches.len()
    }

    /// Whether or not the limit is reached: one that stayed low for want of requests would refuse the next that come together.
    fn let_more_in(&mut self) {
        self.limit = (self.limit + self.limit / 10 + 1).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTE: &str = "/api/appointments";

    /// As many, all the time.
    fn all_the_time(under_way: u32) -> UnderWay {
        UnderWay { before: under_way, after: under_way }
    }

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// What a machine does that has room for ten at once, each in 20 ms: who asks keeps as many under way as may be.
    fn run(congestion: &mut Congestion, now: &mut Instant, seconds: u64, wanted: u32) {
        for _ in 0..seconds * 50 {
            *now += ms(20);
            let under_way = wanted.min(congestion.limit());
            let took = Duration::from_secs_f64(0.02 * (f64::from(under_way) / 10.0).max(1.0));
            for _ in 0..under_way.min(10) {
                congestion.note(&Method::POST, ROUTE, took, all_the_time(under_way), *now);
            }
        }
    }

    #[test]
    fn what_comes_too_fast_is_cut_to_what_is_answered_in_time_and_let_in_again() {
        let mut now = Instant::now();
        let mut congestion = Congestion::new(8, 1000, now);
        run(&mut congestion, &mut now, 5, 10);
        assert_eq!(congestion.limit(), 1000);
        run(&mut congestion, &mut now, 5, 1000);
        assert!((20..=66).contains(&congestion.limit()), "{}", congestion.limit());
        run(&mut congestion, &mut now, 60, 1000);
        assert!((20..=80).contains(&congestion.limit()), "after a minute: {}", congestion.limit());
        // The machine has become larger.
        for _ in 0..40 {
            now += WINDOW;
            for _ in 0..ENOUGH {
                congestion.note(&Method::POST, ROUTE, ms(10), all_the_time(congestion.limit()), now);
            }
        }
        assert_eq!(congestion.limit(), 1000);
    }

    #[test]
    fn one_route_that_is_slow_is_no_reason_to_refuse_others() {
        let mut now = Instant::now();
        let mut congestion = Congestion::new(8, 1000, now);
        for round in 0..200 {
            now += ms(20);
            let slow = if round < 50 { ms(10) } else { ms(3000) };
            for _ in 0..3 {
                congestion.note(&Method::GET, "/api/doctors", slow, all_the_time(500), now);
            }
            for _ in 0..7 {
                congestion.note(&Method::GET, ROUTE, ms(12), all_the_time(500), now);
            }
        }
        assert_eq!(congestion.limit(), 1000);
    }

    #[test]
    fn what_is_fast_may_take_many_times_as_long() {
        let mut now = Instant::now();
        let mut congestion = Congestion::new(8, 1000, now);
        for round in 0..200_u64 {
            now += ms(20);
            let took = if round < 50 { Duration::from_micros(200) } else { ms(90) };
            for _ in 0..10 {
                congestion.note(&Method::GET, ROUTE, took, all_the_time(900), now);
            }
        }
        assert_eq!(congestion.limit(), 1000);
    }

    #[test]
    fn what_comes_now_and_then_is_never_too_much() {
        let mut now = Instant::now();
        let mut congestion = Congestion::new(8, 1000, now);
        for slow in [10, 900] {
            for _ in 0..ENOUGH * 3 {
                now += ms(500);
                congestion.note(&Method::GET, ROUTE, ms(slow), all_the_time(1), now);
            }
        }
        assert_eq!(congestion.limit(), 1000);
    }

    #[test]
    fn who_is_refused_shows_that_the_limit_is_reached() {
        let mut now = Instant::now();
        let mut congestion = Congestion::new(8, 100, now);
        for limit in [100, 50, 25, 12, 8, 8] {
            for _ in 0..ENOUGH {
                now += ms(14);
                // More of what matters least are not let in.
                congestion.refuse();
                congestion.fail(all_the_time(4), now);
            }
            assert_eq!(congestion.limit(), limit);
        }
    }

    /// [`ENOUGH`] requests end, `under_way` when they came.
    fn judged(congestion: &mut Congestion, now: &mut Instant, took: Duration, under_way: u32) -> u32 {
        *now += WINDOW;
        for _ in 0..ENOUGH {
            congestion.note(&Method::GET, ROUTE, took, all_the_time(under_way), *now);
        }
        congestion.limit()
    }

    #[test]
    fn many_at_once_are_not_too_much_and_many_all_the_time_are() {
        let mut now = Instant::now();
        let mut congestion = Congestion::new(8, 1000, now);
        judged(&mut congestion, &mut now, ms(10), 5);
        assert_eq!(judged(&mut congestion, &mut now, ms(150), 50), 1000);
        assert_eq!(judged(&mut congestion, &mut now, ms(10), 5), 1000);
        assert_eq!(judged(&mut congestion, &mut now, ms(150), 50), 1000);
        assert_eq!(judged(&mut congestion, &mut now, ms(150), 50), 40);
    }

    #[test]
    fn hundreds_at_once_are_let_in_however_long_all_of_them_take() {
        for (all, each) in [(100, 10), (600, 2), (600, 10), (600, 30), (1000, 8)] {
            let mut now = Instant::now();
            let mut congestion = Congestion::new(8, 1000, now);
            judged(&mut congestion, &mut now, ms(10), 5);
            let came = now;
            for done in 0..all {
                now += ms(each);
                let under_way = UnderWay { before: all, after: all - done };
                congestion.note(&Method::GET, ROUTE, now.duration_since(came), under_way, now);
            }
            assert_eq!(congestion.limit(), 1000, "{all}, one in {each} ms");
        }
    }

    #[test]
    fn as_many_all_the_time_are_too_much_although_some_moments_have_fewer() {
        let mut now = Instant::now();
        let mut congestion = Congestion::new(8, 1000, now);
        judged(&mut congestion, &mut now, ms(10), 5);
        for done in 0..600 {
            now += ms(5);
            // They come in groups, as many as are done.
            let under_way = UnderWay { before: 400, after: 400 - done % 20 };
            congestion.note(&Method::GET, ROUTE, ms(2000), under_way, now);
        }
        assert!(congestion.limit() < 60, "{}", congestion.limit());
    }

    #[test]
    fn so_few_that_no_limit_helps_leave_it_as_it_is() {
        let mut now = Instant::now();
        let mut congestion = Congestion::new(8, 1000, now);
        judged(&mut congestion, &mut now, ms(10), 5);
        for _ in 0..10 {
            assert_eq!(judged(&mut congestion, &mut now, ms(500), 8), 1000);
        }
    }

    #[test]
    fn what_was_too_much_is_let_in_again_although_nobody_asks() {
        let mut now = Instant::now();
        let mut congestion = Congestion::new(8, 100, now);
        for took in [10, 500, 500, 500, 500, 500] {
            judged(&mut congestion, &mut now, ms(took), 50);
        }
        assert!(congestion.limit() < 20, "{}", congestion.limit());
        for _ in 0..10 {
            judged(&mut congestion, &mut now, ms(10), 1);
        }
        assert!((20..40).contains(&congestion.limit()), "{}", congestion.limit());
        for _ in 0..20 {
            now += ms(1500);
            congestion.note(&Method::GET, ROUTE, ms(900), all_the_time(1), now);
        }
        assert_eq!(congestion.limit(), 100);
    }
}
