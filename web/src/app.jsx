// SPDX-License-Identifier: MIT
//
// The two states of the page: asking for a name, and the room.

import { useState, useSyncExternalStore } from 'react';

import { Composer } from './composer.jsx';
import { Messages } from './messages.jsx';

const NAME_PLACE = 'pushlog.name';
const NAME_MOST = 50;

const CONNECTION = {
  connecting: 'Connecting…',
  'catching-up': 'Catching up…',
  live: 'Live',
  offline: 'Reconnecting…',
};

export function App({ chat, storage }) {
  const [name, setName] = useState(() => storage.getItem(NAME_PLACE) ?? '');
  const state = useSyncExternalStore(chat.subscribe, chat.getSnapshot);

  function signIn(given) {
    storage.setItem(NAME_PLACE, given);
    setName(given);
  }

  if (!name) return <SignIn onName={signIn} />;
  return (
    <div className="room">
      <Header name={name} state={state} onLeave={() => signIn('')} />
      {state.problem &&
        <p className="problem" role="alert">{state.problem}</p>}
      <Messages chat={chat} state={state} />
      <Composer onPost={(text) => chat.post(name, text)} />
    </div>
  );
}

function SignIn({ onName }) {
  const [name, setName] = useState('');
  const given = name.trim();

  function submit(event) {
    event.preventDefault();
    if (given) onName(given);
  }

  return (
    <main className="sign-in">
      <form onSubmit={submit}>
        <h1>Pushlog</h1>
        <p>Pick a name and join in.</p>
        <label htmlFor="name">Your name</label>
        <input id="name" value={name} maxLength={NAME_MOST} autoFocus
          autoComplete="nickname"
          onChange={(event) => setName(event.target.value)} />
        <button type="submit" className="main" disabled={!given}>Join</button>
      </form>
    </main>
  );
}

function Header({ name, state, onLeave }) {
  return (
    <header>
      <h1>
        <span className="hash" aria-hidden="true">#</span>
        {state.channel ?? 'Pushlog'}
      </h1>
      <p className={`connection ${state.connection}`} role="status">
        {CONNECTION[state.connection]}
      </p>
      <p className="me">
        <span>{name}</span>
        <button type="button" className="quiet" onClick={onLeave}>
          Change name
        </button>
      </p>
    </header>
  );
}
