// 服务：路由与错误。
import type { Dictionary } from '../en.ts';

export const service = {
  tab: '服务',
  title: '服务',
  intro: '本页发送 POST /gradients，任何程序都可以这样做。所有数值均为 float64，与 PyTorch 的结果一致。',
  routes: '路由',
  routeHead: ['路由', '含义'],
  errors: '错误',
  errorHead: ['状态', '类型', '标题'],
} satisfies Dictionary['service'];
