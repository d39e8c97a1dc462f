// SPDX-License-Identifier: MIT
//
// Where a message is written. What is sent from here is the outbox's to keep.

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
    // the Enter that ends the composing of a character is not meant for us
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
