// SPDX-License-Identifier: MIT
//
// The input for a message. The outbox keeps the sent text.

import { useState } from 'react';

export function Composer({ onPost }) {
  const [text, setText] = useState('');

  function submit(event) {
    event.preventDefault();
    if (text.trim() === '') return;
    onPost(text);
    setText('');
  }

  function onKeyDown(event) {
    // an Enter that ends the composition of a character does not send
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey) submit(event);
  }

  return (
    <form className="composer" onSubmit={submit}>
      <label htmlFor="text" className="unseen">Message</label>
      <textarea id="text" rows="1" value={text} autoFocus
        placeholder="Write a message" aria-describedby="text-keys"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown} />
      <button type="submit" className="main" disabled={text.trim() === ''}>
        Send
      </button>
      <p id="text-keys">Enter sends, Shift + Enter starts a new line.</p>
    </form>
  );
}
