// SPDX-License-Identifier: MIT
//
// Requests over kept connections. Rejects without a complete answer.

import http from 'node:http';

export class Http {
  constructor(port, sockets) {
    this.port = port;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: sockets });
  }

  request(method, path, { headers = {}, body, timeoutMs = 20_000 } = {}) {
    return new Promise((resolve, reject) => {
      const request = http.request({ host: '127.0.0.1', port: this.port,
        agent: this.agent, method, path, headers, timeout: timeoutMs });
      request.on('response', (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('end', () => {
          if (!response.complete) reject(new Error('the answer was cut off'));
          else resolve({ status: response.statusCode,
            text: Buffer.concat(parts).toString() });
        });
        response.on('error', reject);
      });
      request.on('timeout', () => request.destroy(new Error('no answer')));
      request.on('error', reject);
      request.end(body);
    });
  }

  close() {
    this.agent.destroy();
  }
}
