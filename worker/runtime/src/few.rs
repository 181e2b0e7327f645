//! A map of few entries.

/// A list of pairs: what is looked for is looked for in all of them. A tree would cost the bundle two kilobytes for each kind of entry.
pub struct Few<K, V>(Vec<(K, V)>);

impl<K: PartialEq, V> Few<K, V> {
    /// Without any.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// What is found under a key.
    pub fn get(&self, is_key: impl Fn(&K) -> bool) -> Option<&V> {
        self.0.iter().find(|(known, _)| is_key(known)).map(|(_, value)| value)
    }

    /// Puts something under a key, in place of what was there.
    pub fn insert(&mut self, key: K, value: V) {
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key, value)),
        }
    }

    /// Takes out what is under a key.
    pub fn remove<Q: ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: PartialEq<Q>,
    {
        let at = self.0.iter().position(|(known, _)| known == key)?;
        Some(self.0.swap_remove(at).1)
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}
