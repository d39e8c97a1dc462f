# SPDX-License-Identifier: MIT
"""The application of the tutorial, on PostgreSQL and Redis: a form is stored,
told to everybody, and answered. One connection of each kind a process."""

import os

import psycopg2
import redis
from flask import Flask, jsonify, request
from markupsafe import escape

app = Flask(__name__)
app.json.sort_keys = False
COLUMNS = ('id', 'name', 'text', 'time')
connections = {}


def database():
    if 'database' not in connections:
        connections['database'] = psycopg2.connect(os.environ['POSTGRES'])
    return connections['database']


def pusher():
    if 'redis' not in connections:
        connections['redis'] = redis.Redis(
            unix_socket_path=os.environ['REDIS_SOCKET'])
    return connections['redis']


def messages(cursor):
    return [dict(zip(COLUMNS, row)) for row in cursor.fetchall()]


@app.post('/messages')
def post():
    channel = request.form['channel']
    with database() as transaction, transaction.cursor() as cursor:
        cursor.execute(
            'insert into bench.message (channel, name, text) '
            'values (%s, %s, %s) returning id, name, text, time_ms',
            (channel, str(escape(request.form['name'])),
             str(escape(request.form['text']))))
        message = messages(cursor)[0]
    pusher().publish(f'bench:{channel}', app.json.dumps(message))
    return jsonify(message)


@app.get('/messages')
def get():
    with database() as transaction, transaction.cursor() as cursor:
        cursor.execute(
            'select * from (select id, name, text, time_ms from bench.message '
            'where channel = %s order by id desc limit %s) as newest '
            'order by id',
            (request.args['channel'], int(request.args['limit'])))
        return jsonify(results=messages(cursor))
