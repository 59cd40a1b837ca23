/** An SMTP server on a free port of this machine that takes what it is given, or refuses as the test says. No encryption. */
import { type AddressInfo, createServer, type Socket } from 'node:net';

export class FakeMailServer {
  /** Commands as they came, without those of the connection itself. */
  readonly commands: string[] = [];
  /** Messages with headers, line ends as they came. */
  readonly messages: string[] = [];
  /** An answer in place of the usual one, by the first word of the command. */
  replies: Readonly<Record<string, string>> = {};
  port = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#serve(socket));

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {});
    let held = '';
    let message: string | undefined;
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    say('220 mail.example.com ESMTP');
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      held += chunk;
      for (let end = held.indexOf('\r\n'); end >= 0; end = held.indexOf('\r\n')) {
        const line = held.slice(0, end);
        held = held.slice(end + 2);
        if (message !== undefined) {
          if (line !== '.') message += `${line}\n`;
          else {
            this.messages.push(message);
            message = undefined;
            say('250 taken');
          }
          continue;
        }
        const [word = ''] = line.toUpperCase().split(' ');
        if (word !== 'EHLO' && word !== 'QUIT') this.commands.push(line);
        const reply = this.replies[word];
        if (reply !== undefined) say(reply);
        else if (word === 'EHLO') socket.write('250-mail.example.com\r\n250 AUTH PLAIN LOGIN\r\n');
        else if (word === 'AUTH') say('235 welcome');
        else if (word === 'DATA') {
          message = '';
          say('354 go on');
        } else if (word === 'QUIT') socket.end('221 bye\r\n');
        else say('250 fine');
      }
    });
  }
}
