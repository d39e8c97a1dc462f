// SPDX-License-Identifier: MIT
//
// The message list: the held messages, the unsent ones below them, and a scroll
// position that stays where the reader left it.

import { Fragment, memo, useEffect, useLayoutEffect, useRef, useState } from
  'react';

import { clock, day, hue, initial, isContinued, iso, whole } from
  './format.js';
import { decode } from './text.js';

const END_PX = 40; // so near counts as at the end

export function Messages({ chat, state }) {
  const { messages, outbox } = state;
  const { view, isAtEnd, onScroll, toEnd } = useScroll(messages, outbox);
  return (
    <main className="messages">
      {/* older messages are asked for, not news */}
      <div ref={view} onScroll={onScroll} className="view" tabIndex={0}
        role="log" aria-label="Messages" aria-busy={!state.isLoaded}
        aria-live={state.older === 'loading' ? 'off' : 'polite'}>
        <Top state={state} onOlder={() => chat.loadOlder()} />
        <ol>
          {messages.map((message, at) => (
            <Fragment key={message.id}>
              <Day before={messages[at - 1]} message={message} />
              <Message message={message}
                isContinued={isContinued(messages[at - 1], message)} />
            </Fragment>
          ))}
          {outbox.map((entry) =>
            <Entry key={entry.key} entry={entry} chat={chat} />)}
        </ol>
      </div>
      {!isAtEnd &&
        <button type="button" className="to-end" onClick={toEnd}>
          Newest messages ↓
        </button>}
    </main>
  );
}

// Keeps the end in view for a reader at the end, and the current line in view
// for one further up: older messages are inserted above it. Sending a message
// scrolls to the end.
function useScroll(messages, outbox) {
  const view = useRef(null);
  const [isAtEnd, setAtEnd] = useState(true);
  const held = useRef({ first: undefined, height: 0, written: 0 });
  const first = messages[0]?.id;
  const written = outbox.length;

  useLayoutEffect(() => {
    const box = view.current;
    const isOlder = first < held.current.first;
    if (isAtEnd || written > held.current.written) toEnd();
    else if (isOlder) box.scrollTop += box.scrollHeight - held.current.height;
    held.current = { first, height: box.scrollHeight, written };
  }, [messages, outbox]);

  // the view shrinks when the text in the input grows
  useEffect(() => {
    if (!isAtEnd) return undefined;
    const observer = new ResizeObserver(toEnd);
    observer.observe(view.current);
    return () => observer.disconnect();
  }, [isAtEnd]);

  function onScroll() {
    const { scrollHeight, scrollTop, clientHeight } = view.current;
    setAtEnd(scrollHeight - scrollTop - clientHeight < END_PX);
  }

  function toEnd() {
    view.current.scrollTop = view.current.scrollHeight;
  }

  return { view, isAtEnd, onScroll, toEnd };
}

function Top({ state, onOlder }) {
  if (!state.isLoaded) return <p className="note">Loading messages…</p>;
  if (state.hasOlder) {
    return (
      <p className="note">
        {state.older === 'failed' && 'That did not work. '}
        <button type="button" onClick={onOlder}
          disabled={state.older === 'loading'}>
          {state.older === 'loading' ? 'Loading…' : 'Load older messages'}
        </button>
      </p>
    );
  }
  const isEmpty = state.messages.length === 0 && state.outbox.length === 0;
  return (
    <p className="note">
      {isEmpty ? 'No messages yet.'
        : 'This is where the conversation begins.'}
    </p>
  );
}

function Day({ before, message }) {
  const today = day(message.time);
  if (before !== undefined && day(before.time) === today) return null;
  return <li className="day"><span>{today}</span></li>;
}

const Message = memo(function Message({ message, isContinued }) {
  const name = decode(message.name);
  return (
    <li className={isContinued ? 'message continued' : 'message'}
      data-id={message.id}>
      <Author name={name} />
      <time dateTime={iso(message.time)} title={whole(message.time)}>
        {clock(message.time)}
      </time>
      <p className="text">{decode(message.text)}</p>
    </li>
  );
});

function Author({ name }) {
  return (
    <>
      <span className={`initial ${hue(name)}`} aria-hidden="true">
        {initial(name)}
      </span>
      <span className="name">{name}</span>
    </>
  );
}

// A message that is not known to be stored: never shown as if it were.
function Entry({ entry, chat }) {
  const { key, name, text, state, reason } = entry;
  return (
    <li className={`message entry ${state}`}>
      <Author name={name} />
      <p className="text">{text}</p>
      <p className="delivery">
        {state === 'sending' && 'Sending…'}
        {state === 'waiting' &&
          `Not sent yet${reason ? `: ${reason}` : ''}. Trying again… `}
        {state === 'refused' && `Not sent: ${reason}. `}
        {state !== 'sending' &&
          <button type="button" onClick={() => chat.retry(key)}>
            Try now
          </button>}
        {state === 'refused' &&
          <button type="button" onClick={() => chat.discard(key)}>
            Discard
          </button>}
      </p>
    </li>
  );
}
