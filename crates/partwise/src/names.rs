//! Enumerations whose values have a name, the same in files, on the command line and in messages.

/// An enumeration with a fixed name per value. Reading takes capitals too, and other words that people use for the value.
macro_rules! names {
    ($(#[$meta:meta])* $name:ident, $what:literal, { $($(#[$doc:meta])* $variant:ident = $text:literal $(| $alias:literal)*,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// All values.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// Its name in files and on the command line.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::error::Error;
            fn from_str(s: &str) -> $crate::error::Result<$name> {
                let is = |name: &str| name.eq_ignore_ascii_case(s);
                match () {
                    $(_ if is($text) $(|| is($alias))* => Ok($name::$variant),)*
                    _ => Err($crate::error::Error::BadParameter {
                        name: $what,
                        value: s.into(),
                        needs: format!(
                            "one of {} is needed",
                            $name::ALL.iter().map(|v| v.name()).collect::<Vec<_>>().join(", ")
                        ),
                    }),
                }
            }
        }
    };
}
pub(crate) use names;
