//! Token counts and terms of a usage object, in disjoint classes.

use super::super::loose::{Count, Loose, Text};
use super::wire::Usage;
use crate::model::{Geo, Speed, Terms, Tier, Tokens};

/// A class is negative, fractional, absurd or no number.
struct Bad;

impl Usage<'_> {
    /// What this usage counts, and on which terms. A class that cannot be true makes the request `bad_usage` with zero
    /// tokens: it is held and shown, because neither dropping nor clamping it would be honest.
    pub(super) fn tokens_and_terms(&self) -> (Tokens, Terms) {
        let terms = self.terms();
        let counted = self.tokens().and_then(|tokens| Ok((tokens, self.web_searches()?)));
        match counted {
            Ok((tokens, web_searches)) => (tokens, Terms { web_searches, ..terms }),
            Err(Bad) => (Tokens::default(), Terms { bad_usage: true, ..terms }),
        }
    }

    fn tokens(&self) -> Result<Tokens, Bad> {
        let output = number(self.output_tokens)?;
        let (cache_write_5m, cache_write_1h) = self.cache_writes()?;
        // Only informs: a defect in it is no reason to hold the request.
        let reasoning = match self.output_tokens_details.get().map(|details| details.thinking_tokens) {
            Some(Count::Is(thinking)) => thinking.min(output),
            _ => 0,
        };
        Ok(Tokens {
            input: number(self.input_tokens)?,
            cache_read: number(self.cache_read_input_tokens)?,
            cache_write_5m,
            cache_write_1h,
            output,
            reasoning,
        })
    }

    /// Cache writes of five minutes and of an hour. The flat total is what the vendor bills; where the breakdown does
    /// not add up to it (0/0 was seen with web search) the rest is of five minutes, the cheaper and default lifetime.
    fn cache_writes(&self) -> Result<(u64, u64), Bad> {
        let (five, hour) = match &self.cache_creation {
            Loose::Is(parts) => {
                (number(parts.ephemeral_5m_input_tokens)?, number(parts.ephemeral_1h_input_tokens)?)
            }
            Loose::Absent => (0, 0),
            Loose::Odd => return Err(Bad),
        };
        match self.cache_creation_input_tokens {
            Count::Absent => Ok((five, hour)),
            Count::Is(total) => total.checked_sub(hour).map(|five| (five, hour)).ok_or(Bad),
            Count::Bad => Err(Bad),
        }
    }

    fn web_searches(&self) -> Result<u32, Bad> {
        let searches = self.server_tool_use.get().map_or(Count::Absent, |tools| tools.web_search_requests);
        u32::try_from(number(searches)?).map_err(|_| Bad)
    }

    fn terms(&self) -> Terms {
        let speed = match &self.speed {
            Text::Absent => Speed::Standard,
            Text::Is(text) => match text.as_ref() {
                "" | "standard" => Speed::Standard,
                "fast" => Speed::Fast,
                _ => Speed::Other,
            },
            Text::Odd => Speed::Other,
        };
        let geo = match &self.inference_geo {
            Text::Absent => Geo::Global,
            Text::Is(text) => match text.as_ref() {
                "" | "not_available" | "global" => Geo::Global,
                "us" => Geo::Us,
                _ => Geo::Other,
            },
            Text::Odd => Geo::Other,
        };
        let tier = match &self.service_tier {
            Text::Absent => Tier::Standard,
            Text::Is(text) => match text.as_ref() {
                "" | "standard" => Tier::Standard,
                "batch" => Tier::Batch,
                "priority" => Tier::Priority,
                "flex" => Tier::Flex,
                _ => Tier::Other,
            },
            Text::Odd => Tier::Other,
        };
        Terms { speed, geo, tier, ..Terms::default() }
    }
}

fn number(count: Count) -> Result<u64, Bad> {
    match count {
        Count::Absent => Ok(0),
        Count::Is(count) => Ok(count),
        Count::Bad => Err(Bad),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> (Tokens, Terms) {
        serde_json::from_str::<Usage<'_>>(json).unwrap().tokens_and_terms()
    }

    #[test]
    fn cache_writes_follow_the_flat_total() {
        let cases = [
            (r#"{"cache_creation_input_tokens":30}"#, Some((30, 0))),
            (r#"{"cache_creation_input_tokens":30,"cache_creation":null}"#, Some((30, 0))),
            (
                r#"{"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0}}"#,
                Some((30, 0)),
            ),
            (
                r#"{"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":15}}"#,
                Some((15, 15)),
            ),
            (
                r#"{"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_1h_input_tokens":30}}"#,
                Some((0, 30)),
            ),
            (
                r#"{"cache_creation":{"ephemeral_5m_input_tokens":1,"ephemeral_1h_input_tokens":2}}"#,
                Some((1, 2)),
            ),
            (r#"{"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_1h_input_tokens":31}}"#, None),
            (r#"{"cache_creation_input_tokens":30,"cache_creation":7}"#, None),
        ];
        for (json, expected) in cases {
            let (tokens, terms) = read(json);
            let found = (!terms.bad_usage).then_some((tokens.cache_write_5m, tokens.cache_write_1h));
            assert_eq!(found, expected, "{json}");
        }
    }

    #[test]
    fn what_cannot_be_true_is_bad_usage_with_zero_tokens() {
        for value in ["-1", "1.5", "\"12\"", "1e300", "1099511627777", "true", "{}"] {
            for class in
                ["input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"]
            {
                let (tokens, terms) = read(&format!(r#"{{"{class}":{value},"other":1}}"#));
                assert_eq!((tokens, terms.bad_usage), (Tokens::default(), true), "{class} {value}");
            }
        }
    }

    #[test]
    fn reasoning_is_a_part_of_output() {
        let (tokens, terms) = read(r#"{"output_tokens":6,"output_tokens_details":{"thinking_tokens":9}}"#);
        assert_eq!((tokens.output, tokens.reasoning, terms.bad_usage), (6, 6, false));
        let (tokens, terms) = read(r#"{"output_tokens":6,"output_tokens_details":{"thinking_tokens":-9}}"#);
        assert_eq!((tokens.output, tokens.reasoning, terms.bad_usage), (6, 0, false));
    }

    #[test]
    fn terms_are_what_the_response_reports() {
        let standard = Terms::default();
        let cases = [
            ("{}", standard),
            (r#"{"speed":null,"inference_geo":null,"service_tier":null}"#, standard),
            (r#"{"speed":"standard","inference_geo":"not_available","service_tier":"standard"}"#, standard),
            (r#"{"inference_geo":""}"#, standard),
            (r#"{"inference_geo":"global"}"#, standard),
            (
                r#"{"speed":"fast","inference_geo":"us","service_tier":"priority"}"#,
                Terms { speed: Speed::Fast, geo: Geo::Us, tier: Tier::Priority, ..standard },
            ),
            (
                r#"{"speed":"warp","inference_geo":"eu","service_tier":"gold"}"#,
                Terms { speed: Speed::Other, geo: Geo::Other, tier: Tier::Other, ..standard },
            ),
            (
                r#"{"speed":1,"inference_geo":1,"service_tier":1}"#,
                Terms { speed: Speed::Other, geo: Geo::Other, tier: Tier::Other, ..standard },
            ),
            (r#"{"service_tier":"batch"}"#, Terms { tier: Tier::Batch, ..standard }),
            (r#"{"service_tier":"flex"}"#, Terms { tier: Tier::Flex, ..standard }),
            (r#"{"server_tool_use":{"web_search_requests":3}}"#, Terms { web_searches: 3, ..standard }),
            (r#"{"server_tool_use":{"web_search_requests":-3}}"#, Terms { bad_usage: true, ..standard }),
        ];
        for (json, expected) in cases {
            assert_eq!(read(json).1, expected, "{json}");
        }
    }
}
