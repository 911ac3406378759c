//! What a person sees is stored, although storing takes a while.

use crate::Show;

impl Show {
    /// A worker that is killed right then is followed by one that knows it, too.
    pub(crate) async fn what_a_popup_shows_is_stored(&self) {
        self.fault("slow").await;
        let pressed = "const state = document.querySelector('[data-testid=state]');
            const known = () => browser.storage.local.get('protection_wanted');
            const shown = new Promise((done) => {
                const look = () => state.dataset.state === 'off' && done(known());
                new MutationObserver(look).observe(state, { attributes: true });
            });
            document.querySelector('[data-testid=switch]').click();
            return (await shown).protection_wanted";
        assert_eq!(self.run(pressed).await, false);
        self.fault("").await;
        self.press("switch").await;
        self.state("protected").await;
    }
}
