//! `gmctl bench`: the two shortest measurements, on real nodes. The others are made of the same
//! parts, and take minutes.

use serde_json::Value;

use crate::program::run;

#[test]
fn a_measurement_is_data_alone_and_plausible() {
    for (what, work) in [("start", "cold start"), ("failover", "leader kill -9")] {
        let ran = run(&["bench", what, "--trials", "2", "-o", "json"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        let row = &report["rows"][0];
        assert!(row["work"].as_str().unwrap().starts_with(work), "{row}");
        assert_eq!((&row["n"], &report["nodes"]), (&2.into(), &3.into()));
        let (p50, max) = (row["p50_ms"].as_f64().unwrap(), row["max_ms"].as_f64().unwrap());
        assert!(0.0 < p50 && p50 <= max && max < 60_000.0, "{row}");
    }
}
