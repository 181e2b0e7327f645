use alloc::string::String;
use alloc::vec::Vec;

/// Who has to do what before a call can go on: members of the [`Problem`](crate::Problem) that says so, under the names that they have in
/// [`Reauth`](crate::Reauth).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Need {
    /// Whose token is missing: `login`, or `linked:<provider>`.
    pub vault: String,
    /// The provider that the user has to log in at, in a word.
    pub provider: String,
    /// How they can, best first: `popup`, `redirect`.
    pub how: Vec<String>,
    /// Where that login begins. With `return_to` it ends at that page of the app's.
    pub login_url: String,
    /// Who has to act: `you`.
    pub who: String,
}

impl Need {
    /// A login of the user's at this provider: the session's own, or one into a further account of theirs.
    pub(crate) fn login(provider: &str, is_further: bool) -> Self {
        let (vault, query) = if is_further {
            (["linked:", provider].concat(), ["?provider=", provider].concat())
        } else {
            ("login".into(), String::new())
        };
        Self {
            vault,
            provider: provider.into(),
            how: ["popup".into(), "redirect".into()].into(),
            login_url: ["/auth/login", &query].concat(),
            who: "you".into(),
        }
    }
}
