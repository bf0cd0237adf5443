// Not a peer but an upper bound: a Fastify route that reads a body, ignores it, and answers with a given number of bytes.
import Fastify from 'fastify';

const answer = Buffer.alloc(Number(process.env.ANSWER_BYTES));

const app = Fastify();
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', (_request, body, done) => {
  body
    .on('error', done)
    .on('end', () => done(null))
    .resume();
});
app.post('/gradients', (_request, reply) => {
  reply.header('content-type', 'application/octet-stream').send(answer);
});
app.get('/readyz', async () => process.pid);
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
