//! `linewatch.toml` as it is written: each key, its form and its range, nothing about how keys agree with each other.
//!
//! In: parsed TOML. Out: raw tables, and the JSON Schema of the file. What is true of them is `check`'s to say.

pub(super) mod agreement;
pub(super) mod leaf;
pub(super) mod leave;
pub(super) mod number;
pub(super) mod read;
pub(super) mod rule;

use leaf::{Id, Position, SacSic, Text, Word, Words};
use number::{
    AltitudeM, Baud, BiasSigmas, Count, Days, DeadManS, Detections, FieldOfViewDeg, Gigabytes, HeadingDeg,
    KeepAliveS, LengthM, OpenProbability, PayloadBytes, PeriodS, Probability, RateHz, ResendS, SealRecords,
    SealS, SigmaDeg, SigmaM,
};
use read::table;

use crate::sensor::{Format, SensorKind};

table! {
    /// linewatch.toml: how this installation is built.
    Installation
    required {
        /// The piece of the world this process watches.
        sector: Sector,
        /// What the parties agreed.
        agreement: AgreementFile,
        /// The boxes that look.
        #[schemars(length(min = 1))]
        sensors: Vec<Sensor>,
    }
    optional {
        /// The broker that carries scans, statuses and notices; absent: off.
        mqtt: Mqtt,
        /// Serial ports that carry sensors.
        serial: Vec<Serial>,
        /// UDP sockets that carry sensors.
        udp: Vec<Udp>,
        /// The record of everything received; absent: none is kept.
        journal: Journal,
        /// Signed checkpoints over the journal; absent: none.
        seal: Seal,
        /// The operator's page, metrics and health; absent: off.
        http: Http,
        /// The daily report; absent: none is written.
        report: DailyReport,
        /// Who is told.
        sinks: Vec<Sink>,
    }
}

table! {
    /// The piece of the world this process watches.
    Sector
    required {
        /// Its name, also its topic segment.
        id: Id,
        /// Origin of the sector's east-north-up frame: [lat, lon], degrees.
        origin: Position,
    }
    optional {
        /// Nothing of this is real: every notice says EXERCISE. Default false.
        exercise: bool,
    }
}

table! {
    /// What the parties agreed.
    AgreementFile
    required {
        /// Path of agreement.toml, relative to this file.
        file: Text,
    }
    optional {}
}

table! {
    /// One box that looks.
    Sensor
    required {
        /// Its name, also its topic segment.
        id: Id,
        /// What kind of box it is.
        kind: Word<SensorKind>,
    }
    optional {
        /// What it speaks. Default json.
        format: Word<Format>,
        /// Where it stands: [lat, lon], degrees. Required unless `mobile`.
        position: Position,
        /// Height of its antenna or lens over the ellipsoid, metres. Default 0.
        altitude_m: AltitudeM,
        /// Where the middle of its field of view points, degrees clockwise from true north. Default 0.
        heading_deg: HeadingDeg,
        /// Full width of its field of view, degrees. Default 360.
        field_of_view_deg: FieldOfViewDeg,
        /// Beyond this slant range it sees nothing, metres. Required for radar and lidar; default 5000 for a camera,
        /// 100000 for a transponder receiver, 1000000 for a satellite.
        max_range_m: LengthM,
        /// One-sigma slant range error, metres, where the message gives none.
        range_sigma_m: SigmaM,
        /// One-sigma azimuth error, degrees, where the message gives none.
        azimuth_sigma_deg: SigmaDeg,
        /// One-sigma position error per axis, metres, for reported positions without a covariance.
        position_sigma_m: SigmaM,
        /// Probability that a target in view is detected in one look. Required unless a transponder (0.9).
        detection_probability: OpenProbability,
        /// Expected number of detections of nothing in one look. Default 1, and 0.01 for a transponder.
        false_alarms_per_scan: Count,
        /// Nominal time between looks, seconds. Required unless a transponder (10).
        period_s: PeriodS,
        /// Each scan carries the sensor's pose. Default false.
        mobile: bool,
        /// Sensors that could fail, or be captured, together. Default: the sensor's own id.
        trust_group: Id,
        /// ASTERIX source identity [SAC, SIC]: from any other source its data are refused.
        sac_sic: SacSic,
        /// Messages a second it may send for ever, with bursts of ten seconds' worth; more are refused and counted. Default
        /// 200, and 2000 for asterix and nmea, of which one message is a line or a block.
        max_frames_per_s: RateHz,
        /// Longest payload it may send, bytes; more is refused and counted. Default and most: max_payload_bytes of [mqtt].
        max_payload_bytes: PayloadBytes,
        /// Most detections in one look; a look with more is rejected and counted. Default 10000.
        max_detections: Detections,
        /// Of the part of its errors that stays (a wrong north, a bent mast) this many of their one-sigma are allowed for: so
        /// far beyond a line it must be for P(beyond) ≥ 0.95. Default 3.
        bias_sigmas: BiasSigmas,
        /// Where it cannot see, or sees badly.
        masks: Vec<Mask>,
    }
}

table! {
    /// A patch where a sensor sees badly or not at all.
    Mask
    required {
        /// Corners [lat, lon], degrees; at least three, the first not repeated.
        #[schemars(length(min = 3))]
        polygon: Vec<Position>,
    }
    optional {
        /// Detection probability inside. Default 0.
        detection_probability: Probability,
    }
}

table! {
    /// The broker that carries scans, statuses and notices.
    Mqtt
    required {
        /// mqtt://HOST[:PORT] or mqtts://HOST[:PORT].
        url: Text,
    }
    optional {
        /// The session's name at the broker. Default linewatch-SECTOR.
        client_id: Text,
        /// Certificate authority, PEM; absent: the system's.
        ca_file: Text,
        /// Client certificate, PEM; together with key_file.
        cert_file: Text,
        /// The client certificate's key, PEM.
        key_file: Text,
        /// User name.
        username: Text,
        /// File whose first line is the password.
        password_file: Text,
        /// Seconds between pings. Default 30.
        keep_alive_s: KeepAliveS,
        /// Largest payload taken. Default 1048576.
        max_payload_bytes: PayloadBytes,
    }
}

table! {
    /// A serial port, 8N1.
    Serial
    required {
        /// Its absolute path; one under /dev/serial/by-id survives replugging.
        device: Text,
        /// The sensor at its far end.
        sensor: Id,
    }
    optional {
        /// Bits per second. Default 38400.
        baud: Baud,
    }
}

table! {
    /// A UDP socket; entries with the same `listen` share it and are told apart by their sensors' sac_sic.
    Udp
    required {
        /// IP address and port to listen on.
        listen: Text,
        /// The sensor that sends there.
        sensor: Id,
    }
    optional {
        /// IPv4 multicast group to join.
        group: Text,
    }
}

table! {
    /// The record of everything received.
    Journal
    required {
        /// Its folder.
        dir: Text,
    }
    optional {
        /// Days that raw frames are kept; alerts, acts and deliveries stay. Default 30.
        keep_frames_days: Days,
        /// Days that everything is kept. Default 3650.
        keep_alerts_days: Days,
        /// Gigabytes that it may take: past them the oldest frames go first, then the oldest of all. Default 100.
        max_gb: Gigabytes,
    }
}

table! {
    /// Signed checkpoints over the journal: they show others that it was not rewritten.
    Seal
    required {}
    optional {
        /// File of the private key, made by `linewatch journal key`; absent: nothing is signed.
        key_file: Text,
        /// The log's name in checkpoints, also the key's. Default linewatch/SECTOR.
        origin: Text,
        /// A checkpoint is at most so old while records come, seconds. Default 10.
        every_s: SealS,
        /// And covers all but so many records. Default 1000.
        every_records: SealRecords,
        /// Public keys of witnesses who may co-sign, NAME+ID+KEY.
        witness_keys: Vec<Text>,
    }
}

table! {
    /// The operator's page, metrics and health.
    Http
    required {
        /// IP address and port to listen on.
        listen: Text,
    }
    optional {}
}

table! {
    /// The daily report: Markdown and JSON, when the day has ended.
    DailyReport
    required {
        /// Its folder.
        dir: Text,
    }
    optional {
        /// The IANA time zone whose days it is of, as in "Asia/Nicosia". Default "UTC".
        time_zone: Text,
    }
}

table! {
    /// Someone who is told.
    Sink
    required {
        /// Its name, also its metric label.
        id: Id,
        /// How it is told.
        kind: Word<SinkWord>,
    }
    optional {
        /// Where to: http://… or https://…. Required for a webhook and for Alertmanager, one of two ways for CAP.
        url: Text,
        /// Seconds until Alertmanager is told everything that stands again. Default 60.
        resend_s: ResendS,
        /// Folder for one CAP file per message, relative to this file.
        dir: Text,
        /// Who sends CAP messages: unique in the world, as a domain name is.
        sender: Text,
        /// Language of CAP texts, an RFC 3066 tag. Default en.
        language: Text,
        /// Seconds between notices that the engine is alive; absent: none. Not for CAP.
        dead_man_s: DeadManS,
    }
}

/// The kinds of sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SinkWord {
    /// HTTP POST of each notice.
    Webhook,
    /// The sector's alerts topic.
    Mqtt,
    /// Alertmanager's API, version 2.
    Alertmanager,
    /// Messages of the Common Alerting Protocol 1.2.
    Cap,
}

impl Words for SinkWord {
    const ALL: &'static [Self] = &[Self::Webhook, Self::Mqtt, Self::Alertmanager, Self::Cap];
    fn word(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Mqtt => "mqtt",
            Self::Alertmanager => "alertmanager",
            Self::Cap => "cap",
        }
    }
}

impl Words for SensorKind {
    const ALL: &'static [Self] = &Self::ALL;
    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Words for Format {
    const ALL: &'static [Self] = &Self::ALL;
    fn word(self) -> &'static str {
        self.as_str()
    }
}
