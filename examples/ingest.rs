use keitod::config::{Config, Env};
use keitod::daemon::assemble::Setup;
use keitod::daemon::clerk::Settled;
use std::sync::Arc;
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let home = std::env::args().nth(1).unwrap();
    let state = std::env::args().nth(2).unwrap();
    let env = Env::new(&home, Vec::<(String, String)>::new());
    let config =
        Arc::new(Config::parse("since = \"2020-01-01T00:00:00Z\"\ntimezone = \"UTC\"\n", &env).unwrap());
    std::fs::create_dir_all(&state).unwrap();
    let setup = Setup { env, config, state_dir: (&state).into(), data_dir: (&state).into(), sandbox: None };
    let t = std::time::Instant::now();
    let pass =
        keitod::daemon::once::once(&setup, setup.assemble(true).unwrap(), Settled::default()).await.unwrap();
    eprintln!("{pass:?} {:?}", t.elapsed());
}
