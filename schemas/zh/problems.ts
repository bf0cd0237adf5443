// The meanings of all problem types in Chinese. Problem documents themselves are in English.
import type { ProblemType } from '../problem.ts';

interface Explanation {
  readonly title: string;
  readonly meaning: string;
  readonly remedy: string;
}

export const problems: Record<ProblemType, Explanation> = {
  'malformed-body': {
    title: '无法读取请求体',
    meaning: '请求体为空，或者不是 Content-Type 所指的格式。detail 会指出读到何处中断，或者请求体实际是什么格式。',
    remedy: '请发送一个 UTF-8 编码的 JSON 文档。JSON 中没有 NaN 和 Infinity，不能写注释，末尾也不能有多余的逗号。',
  },
  'invalid-request': {
    title: '请求不符合规定的结构',
    meaning:
      '缺少某个键或者有未知的键，某个值的类型不对，激活函数或损失函数的名称未知，或者某个选项超出范围。' +
      '服务不作任何转换：字符串不会被当作数，null 不会被当作 0；每个数在 float64 中必须有限。',
    remedy: '请改正各个 pointer 所指的地方。请求的结构见 /openapi.json，在 /docs 可以浏览。',
  },
  'malformed-request': {
    title: '请求不是 HTTP',
    meaning: '收到的内容不是格式正确的 HTTP/1.1 请求。',
    remedy: '请用 HTTP 客户端库发送。',
  },
  unauthorized: {
    title: '需要 API 密钥',
    meaning: '本服务只回应持有 API 密钥的客户端，而请求中没有密钥，或者密钥未知。',
    remedy: '请把密钥放在请求头 Authorization: Bearer KEY 或 X-API-Key 中。密钥由运维人员发放。',
  },
  'place-not-allowed': {
    title: '数据所在的位置未获准许',
    meaning: '数据集引用的文件所在的位置，运维人员没有准许该客户端使用。',
    remedy: '请上传数据，或请运维人员用 DATA_ALLOW 准许该位置。',
  },
  'not-found': {
    title: '此路径下没有内容',
    meaning: '没有这个路径。',
    remedy: '用 GET / 可以列出所有路径。',
  },
  'method-not-allowed': {
    title: '此路径不接受该方法',
    meaning: '路径存在，但不支持所用的方法。',
    remedy: '请使用响应头 Allow 所列的方法。',
  },
  'not-acceptable': {
    title: '没有可接受的媒体类型',
    meaning: '请求头 Accept 把响应所能采用的媒体类型全都排除了。',
    remedy: '请接受 detail 所列的某个媒体类型，或者去掉 Accept。',
  },
  'request-timeout': {
    title: '请求没有按时到达',
    meaning: '连接已经建立，但请求没有在限定时间内发送完毕。',
    remedy: '请重新发送，或者分成几部分发送：把一批样本分成几部分，所得的响应可以按各自的 divisor 合并。',
  },
  'dataset-changed': {
    title: '数据集的文件已经改变',
    meaning: '数据集引用了某个文件，而该文件已不是存入数据集时的那个。',
    remedy: '请重新存入数据集，使它引用文件的现状。',
  },
  'not-finished': {
    title: '任务尚未完成',
    meaning: '还没有结果：任务正在等待或运行。',
    remedy: '请等待 Retry-After 所给的秒数之后，再到 /jobs/{id} 查询任务，或者读取它的事件流。',
  },
  'precondition-failed': {
    title: '数据集不处于预期的状态',
    meaning: 'If-Match 或 If-None-Match 的条件不成立：其间可能有人存入或删除了该数据集。',
    remedy: '请先取得数据集，根据它的 ETag 作出决定，再带上该 ETag 或者不带条件地重新发送请求。',
  },
  'body-too-large': {
    title: '请求体太大',
    meaning: '请求体的字节数超过了服务所能接受的上限。detail 会指出上限。',
    remedy: '请把样本分成几批，再把响应按各自的 divisor 合并；或请运维人员调高 BODY_LIMIT。',
  },
  'too-much-memory': {
    title: '请求需要的内存太多',
    meaning: '请求所要的数值占用的内存，超过了服务给一个请求的上限。detail 会指出上限。',
    remedy: '请减少 include 中的项目；或者把样本分成几批，再把响应按各自的 divisor 合并；或请运维人员调高 MAX_MEMORY。',
  },
  'too-many-operations': {
    title: '请求的运算量太大',
    meaning: '请求所需的矩阵乘法的浮点运算次数，超过了服务给一个请求的上限。detail 会给出这两个数。',
    remedy:
      '请把它作为任务发送（Prefer: respond-async）；或者把样本分成几批，再把响应按各自的 divisor 合并；或请运维人员调高 MAX_FLOPS。',
  },
  'answer-too-large': {
    title: '响应会太大',
    meaning: '请求所要的数值，按响应的媒体类型可能占用的字节数超过了服务所发送的上限。detail 会给出这两个大小。',
    remedy:
      '请减少 include 中的项目；或者接受 application/vnd.safetensors；或者把样本分成几批，再把响应按各自的 divisor 合并；' +
      '或请运维人员调高 MAX_ANSWER。',
  },
  'too-complex': {
    title: '请求的组成部分太多',
    meaning: '请求的层数，或者键和对象的个数，超过了服务所读取的上限。detail 会指出上限。',
    remedy: '请发送较小的网络，或请运维人员调高 MAX_LAYERS 或 MAX_KEYS。',
  },
  'unsupported-media-type': {
    title: '不支持请求体的媒体类型',
    meaning: '缺少请求头 Content-Type，或者它所指的媒体类型不在服务可读取之列，或者请求体的压缩方式是服务所不知道的。',
    remedy: '请使用 detail 所列的某个媒体类型。Content-Encoding 可以是 Accept-Encoding 所列的某一个。',
  },
  'shape-mismatch': {
    title: '形状不匹配',
    meaning: '某个矩阵各行的长度不一，相邻两层的大小不衔接，或者目标或权重的大小不符合要求。',
    remedy: '请改正各个 pointer 所指的地方。weights 是“输出 × 输入”的矩阵；一个样本是一行，除非 batch.samples 是 "columns"。',
  },
  'out-of-domain': {
    title: '有一个值超出定义域',
    meaning: '某个类别编号没有对应的类别，某个目标或输出不在损失函数的定义域内，或者某个权重小于 0。',
    remedy: '请改正各个 pointer 所指的地方，或者选用与目标相适应的损失函数。',
  },
  'non-finite-result': {
    title: '结果不是有限的数',
    meaning: '损失或响应中的某个值在 float64 中是无穷大，或者不是数（NaN）。layer 和 step 指出这样的值最先出现在哪里。',
    remedy: '请缩小输入和权重的尺度，使用以 logits 为输入的损失函数，并确认不是所有样本都被忽略或权重为 0。',
  },
  'unknown-dataset': {
    title: '没有这个数据集',
    meaning: 'batch 中所指的数据集，该客户端没有，或者已经过期。',
    remedy: '请用同一个 API 密钥把数据集存入 /datasets/{name}。用 GET /datasets 可以列出现有的数据集。',
  },
  'not-additive': {
    title: '响应不是对样本的求和',
    meaning: '任务计算的是对所有样本的和，而请求要的是单个样本的值，或者是海森矩阵各更新量之后的损失。',
    remedy: '请去掉 damping 和 include 中单样本的值，或者只对部分行发送请求，并且不带 Prefer: respond-async。',
  },
  'idempotency-key-reused': {
    title: '幂等键已用于另一个请求',
    meaning: '已经有一个任务用此 Idempotency-Key 建立，而它来自另一个请求。',
    remedy: '新的请求请用新的键；只有重复同一个请求时，才用同一个键。',
  },
  'too-many-jobs': {
    title: '任务太多',
    meaning: '该客户端的任务数已达到一个客户端的上限，已完成的任务也计算在内。',
    remedy: '请删除结果已不再需要的任务，或请运维人员调高 MAX_JOBS。',
  },
  'too-many-requests': {
    title: '请求太多',
    meaning: '该客户端在一段时间内发送的请求，超过了服务对一个客户端的上限。响应头 RateLimit 会给出上限。',
    remedy: '请等待 Retry-After 所给的秒数，或者增大每批的样本数，少发几个请求。',
  },
  'headers-too-large': {
    title: '请求头太大',
    meaning: '请求行和请求头的字节数超过了服务所能接受的上限。',
    remedy: '请减少或缩短请求头。',
  },
  overloaded: {
    title: '服务过于繁忙',
    meaning:
      '正在处理的大请求，其总数或者同一个客户端的个数已达到上限；或者其内存已经用尽；或者处理它的线程被终止。' +
      '请求本身可能没有错；服务没有保留它的任何内容。',
    remedy: '请等待 Retry-After 所给的秒数之后，重新发送同一个请求，或者发送给另一个副本。',
  },
  unavailable: {
    title: '服务的一部分不可用',
    meaning: '数据集和任务的存储，或者任务的队列，没有回应。与二者都无关的请求照常得到回应。',
    remedy: '请等待 Retry-After 所给的秒数之后，重新发送同一个请求；如果是任务，请带上相同的 Idempotency-Key。',
  },
  'deadline-exceeded': {
    title: '响应用时太长',
    meaning: '请求已经到达，但在服务给一个请求的时间之内没有得出响应。',
    remedy: '请发送较小的请求，或者把样本分成几部分发送：所得的响应可以按各自的 divisor 合并。',
  },
  'storage-full': {
    title: '没有空间存放数据',
    meaning: '该客户端的数据集和任务所占的字节数已达到上限，或者磁盘已满。detail 会指出是哪一种情况。',
    remedy: '请删除不再需要的数据集和任务，或请运维人员调高 STORE_LIMIT 或腾出空间。',
  },
  internal: {
    title: '服务出现故障',
    meaning: '故障出在服务，不在请求。',
    remedy: '请把响应头 X-Request-Id 中的请求编号告诉运维人员：日志在该编号下记有原因。',
  },
};
