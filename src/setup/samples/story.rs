//! What happens in the sample sessions.

use super::plan::Block::{Call, Say, Think};
use super::plan::{
    Beat, HAIKU, IN_REPO, IN_SCRATCH, OPUS, Session, Subagent, UNHEARD_OF, What, answer, prompt, result,
    tokens,
};

/// All sessions, a resumed one after the one that it continues.
pub(super) static SESSIONS: [&Session; 5] = [&FORM, &PAGE, &PAGE_AGAIN, &MENU, &QUESTION];

/// Two turns, and a subagent in the first.
static FORM: Session = Session {
    name: "form",
    dir: IN_REPO.0,
    branch: IN_REPO.1,
    mode: "acceptEdits",
    begins: 3_000,
    resumes: None,
    beats: &[
        prompt(0, "The contact form accepts an empty address. Please fix it and add a test."),
        answer(
            4_212,
            OPUS,
            tokens(4, 0, 2_310, 14_820, 512),
            &[
                Think,
                Say("I will look at the form first."),
                Call("Read", r#"{"file_path":"src/contact.ts"}"#),
            ],
        ),
        result(7_604, "export function validate(form: ContactForm) { … }"),
        answer(
            12_918,
            OPUS,
            tokens(6, 17_130, 3_408, 0, 318),
            &[Call(
                "Agent",
                r#"{"description":"Find callers","prompt":"Find every caller of validate().","subagent_type":"Explore"}"#,
            )],
        ),
        result(75_020, "validate() is called in three places."),
        answer(
            83_415,
            OPUS,
            tokens(3, 20_538, 1_204, 0, 1_482),
            &[
                Say("Three callers, all of them safe to change."),
                Call("Edit", r#"{"file_path":"src/contact.ts"}"#),
            ],
        ),
        result(88_131, "The file src/contact.ts has been updated."),
        answer(
            95_907,
            OPUS,
            tokens(5, 21_742, 1_866, 0, 2_057),
            &[Call("Write", r#"{"file_path":"test/contact.test.ts"}"#)],
        ),
        result(102_480, "File created successfully."),
        answer(
            108_336,
            OPUS,
            tokens(5, 23_608, 2_290, 0, 143),
            &[Call("Bash", r#"{"command":"npm test -- contact","description":"Run the tests"}"#)],
        ),
        result(171_650, "12 passed"),
        answer(180_233, OPUS, tokens(7, 25_898, 331, 0, 268), &[Say("Done – twelve tests pass.")]),
        prompt(402_777, "Also trim spaces around the address, as on the café page."),
        answer(
            409_140,
            OPUS,
            tokens(9, 26_229, 412, 0, 936),
            &[Think, Call("Edit", r#"{"file_path":"src/contact.ts"}"#)],
        ),
        result(413_052, "The file src/contact.ts has been updated."),
        answer(
            420_488,
            OPUS,
            tokens(4, 26_641, 1_090, 0, 127),
            &[Call("Bash", r#"{"command":"npm test","description":"Run all tests"}"#)],
        ),
        result(664_905, "86 passed"),
        answer(673_511, OPUS, tokens(6, 27_731, 874, 0, 391), &[Say("All 86 tests pass.")]),
    ],
    subagent: Some(Subagent {
        kind: "Explore",
        task: "Find callers",
        beats: &[
            Beat { at: 14_350, what: What::Task("Find every caller of validate().") },
            answer(
                17_822,
                HAIKU,
                tokens(9, 0, 6_204, 0, 221),
                &[Think, Call("Grep", r#"{"pattern":"validate\\("}"#)],
            ),
            result(20_516, "src/contact.ts\nsrc/newsletter.ts\nsrc/order.ts"),
            answer(
                24_103,
                HAIKU,
                tokens(7, 6_204, 1_872, 0, 402),
                &[Call("Read", r#"{"file_path":"src/order.ts"}"#)],
            ),
            result(25_340, "validate(order.contact);"),
            answer(
                70_262,
                HAIKU,
                tokens(5, 8_076, 3_155, 0, 847),
                &[Say("validate() is called in three places.")],
            ),
        ],
    }),
};

/// One turn, then the terminal is closed.
static PAGE: Session = Session {
    name: "page",
    dir: IN_REPO.0,
    branch: IN_REPO.1,
    mode: "acceptEdits",
    begins: 1_980,
    resumes: None,
    beats: &[
        prompt(0, "Why does the price list take three seconds to load?"),
        answer(
            5_604,
            OPUS,
            tokens(4, 0, 0, 16_904, 377),
            &[Think, Call("Grep", r#"{"pattern":"loadPrices"}"#)],
        ),
        result(9_120, "src/prices.ts"),
        answer(
            15_371,
            OPUS,
            tokens(5, 16_904, 2_217, 0, 164),
            &[Call("Read", r#"{"file_path":"src/prices.ts"}"#)],
        ),
        result(16_093, "for (const item of items) await load(item);"),
        answer(
            121_446,
            OPUS,
            tokens(3, 19_121, 1_530, 0, 1_208),
            &[Say("It loads one item after the other.")],
        ),
    ],
    subagent: None,
};

/// The same, resumed into a new file. Its test run takes longer than an idle gap may, and counts: nobody was asked.
static PAGE_AGAIN: Session = Session {
    name: "page-again",
    dir: IN_REPO.0,
    branch: IN_REPO.1,
    mode: "acceptEdits",
    begins: 1_260,
    resumes: Some(&PAGE),
    beats: &[
        prompt(0, "Load them at once, then."),
        answer(
            6_019,
            OPUS,
            tokens(4, 20_651, 1_618, 0, 1_744),
            &[Say("I will gather the requests."), Call("Edit", r#"{"file_path":"src/prices.ts"}"#)],
        ),
        result(10_283, "The file src/prices.ts has been updated."),
        answer(
            16_750,
            OPUS,
            tokens(6, 22_269, 2_003, 0, 119),
            &[Call("Bash", r#"{"command":"npm run test:browser","description":"Run the browser tests"}"#)],
        ),
        result(387_412, "34 passed"),
        answer(395_260, OPUS, tokens(4, 24_272, 690, 0, 233), &[Say("The page loads in 0.4 s now.")]),
    ],
    subagent: None,
};

/// One model that is known and one that is not.
static MENU: Session = Session {
    name: "menu",
    dir: IN_REPO.0,
    branch: IN_REPO.1,
    mode: "default",
    begins: 540,
    resumes: None,
    beats: &[
        prompt(0, "The menu covers the logo on small screens."),
        answer(
            7_331,
            OPUS,
            tokens(4, 0, 15_477, 0, 288),
            &[Think, Call("Read", r#"{"file_path":"src/menu.css"}"#)],
        ),
        result(8_950, ".menu { position: fixed; }"),
        answer(
            19_664,
            OPUS,
            tokens(5, 15_477, 1_942, 0, 1_033),
            &[Say("The menu is fixed above it."), Call("Edit", r#"{"file_path":"src/menu.css"}"#)],
        ),
        result(23_705, "The file src/menu.css has been updated."),
        answer(150_018, OPUS, tokens(7, 17_419, 803, 0, 254), &[Say("It stands below the logo now.")]),
        prompt(211_500, "And on a tablet?"),
        answer(
            222_187,
            UNHEARD_OF,
            tokens(3, 0, 18_476, 0, 650),
            &[Call("Bash", r#"{"command":"npm run shots","description":"Take screenshots"}"#)],
        ),
        result(451_309, "6 screenshots"),
        answer(
            466_820,
            UNHEARD_OF,
            tokens(5, 18_476, 1_311, 0, 412),
            &[Say("It is right on a tablet, too.")],
        ),
        prompt(498_200, "Good. Write the line for the change log."),
        answer(505_633, OPUS, tokens(6, 18_222, 640, 0, 187), &[Say("Menu: no longer covers the logo.")]),
    ],
    subagent: None,
};

/// Nothing links the directory it is asked in.
static QUESTION: Session = Session {
    name: "question",
    dir: IN_SCRATCH.0,
    branch: IN_SCRATCH.1,
    mode: "default",
    begins: 360,
    resumes: None,
    beats: &[
        prompt(0, "Which of these two date formats sorts as text?"),
        answer(
            6_408,
            OPUS,
            tokens(4, 0, 12_060, 0, 190),
            &[Call("Bash", r#"{"command":"sort dates.txt","description":"Sort both"}"#)],
        ),
        result(98_227, "2026-01-31\n31.01.2026"),
        answer(106_553, OPUS, tokens(3, 12_060, 355, 0, 174), &[Say("The one that begins with the year.")]),
    ],
    subagent: None,
};
