//! Chatbots and Chatwoot.

use super::{Body, Method, NotBuilt, Refusal};

macro_rules! bot {
    ($name:literal, $disabled:literal) => {
        [
            (
                Method::Post,
                concat!("/", $name, "/create/{instanceName}"),
                201,
                "create a bot",
                $disabled,
            ),
            (
                Method::Get,
                concat!("/", $name, "/find/{instanceName}"),
                200,
                "all bots",
                $disabled,
            ),
            (
                Method::Get,
                concat!("/", $name, "/fetch/{botId}/{instanceName}"),
                200,
                "one bot",
                $disabled,
            ),
            (
                Method::Put,
                concat!("/", $name, "/update/{botId}/{instanceName}"),
                200,
                "change a bot",
                $disabled,
            ),
            (
                Method::Delete,
                concat!("/", $name, "/delete/{botId}/{instanceName}"),
                200,
                "delete a bot",
                $disabled,
            ),
            (
                Method::Post,
                concat!("/", $name, "/settings/{instanceName}"),
                200,
                "store defaults",
                $disabled,
            ),
            (
                Method::Get,
                concat!("/", $name, "/fetchSettings/{instanceName}"),
                200,
                "the defaults",
                $disabled,
            ),
            (
                Method::Post,
                concat!("/", $name, "/changeStatus/{instanceName}"),
                200,
                "pause or end a session",
                $disabled,
            ),
            (
                Method::Get,
                concat!("/", $name, "/fetchSessions/{botId}/{instanceName}"),
                200,
                "a bot's sessions",
                $disabled,
            ),
            (
                Method::Post,
                concat!("/", $name, "/ignoreJid/{instanceName}"),
                200,
                "leave a chat alone",
                $disabled,
            ),
        ]
    };
}

pub(super) fn rows() -> Vec<NotBuilt> {
    let bots = [
        bot!("typebot", "Typebot is disabled"),
        bot!("openai", "Openai is disabled"),
        bot!("dify", "Dify is disabled"),
        bot!("flowise", "Flowise is disabled"),
        bot!("n8n", "N8n is disabled"),
        bot!("evoai", "Evoai is disabled"),
        bot!("evolutionBot", "EvolutionBot is disabled"),
    ];
    let others = [
        (
            Method::Post,
            "/typebot/start/{instanceName}",
            200,
            "start a session",
            "Typebot is disabled",
        ),
        (
            Method::Post,
            "/openai/creds/{instanceName}",
            201,
            "store a credential",
            "Openai is disabled",
        ),
        (
            Method::Get,
            "/openai/creds/{instanceName}",
            200,
            "all credentials",
            "Openai is disabled",
        ),
        (
            Method::Delete,
            "/openai/creds/{credsId}/{instanceName}",
            200,
            "delete a credential",
            "Openai is disabled",
        ),
        (
            Method::Get,
            "/openai/getModels/{instanceName}",
            200,
            "models of a credential",
            "Openai is disabled",
        ),
        (
            Method::Post,
            "/chatwoot/set/{instanceName}",
            201,
            "connect Chatwoot",
            "Chatwoot is disabled",
        ),
        (
            Method::Get,
            "/chatwoot/find/{instanceName}",
            200,
            "the Chatwoot settings",
            "Chatwoot is disabled",
        ),
    ];
    bots.into_iter()
        .flatten()
        .chain(others)
        .map(|(method, path, status, about, disabled)| NotBuilt {
            method,
            path,
            status,
            about,
            body: Body::Unchecked,
            refusal: Refusal::Disabled(disabled),
        })
        .collect()
}
