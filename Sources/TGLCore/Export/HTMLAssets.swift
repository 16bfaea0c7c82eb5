import Foundation
import MTProtoCrypto

/// What every page carries in itself: its looks, its behaviour, and a policy that allows nothing else.
enum HTMLAssets {
  /// What stands at the beginning of every page, up to its title.
  ///
  /// The policy names the one style sheet and the one script by their hashes: what a message might smuggle in does not
  /// run, and nothing is loaded from a network.
  static let head: String = """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="referrer" content="no-referrer">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '\(hash(style))'; \
    script-src '\(hash(script))'; img-src 'self' file: data:; media-src 'self' file:; form-action 'none'; base-uri 'none'">
    <meta name="generator" content="tgl">
    <style>\(style)</style>
    """

  static let foot = "<script>\(script)</script>\n</body>\n</html>\n"

  private static func hash(_ text: String) -> String {
    "sha256-\(Data(SHA256.hash(Array(text.utf8))).base64EncodedString())"
  }

  static let style = """
    :root{color-scheme:light;--bg:#eef1f4;--card:#fff;--text:#17202a;--dim:#66737f;--line:#d6dce2;--accent:#1f6fb2;\
    --out:#e2f3dc;--del:#b3261e;--delbg:#fdecea;--ins:#d5f2d8;--insline:#1b7f36;--mark:#ffe58a}
    :root[data-theme=dark]{color-scheme:dark;--bg:#0f1418;--card:#1b232b;--text:#e6ebf0;--dim:#93a1ae;--line:#303b46;\
    --accent:#74b9f2;--out:#1e3a2b;--del:#ff8a80;--delbg:#3a2020;--ins:#17402a;--insline:#7bd88f;--mark:#7a6200}
    @media(prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;--bg:#0f1418;--card:#1b232b;\
    --text:#e6ebf0;--dim:#93a1ae;--line:#303b46;--accent:#74b9f2;--out:#1e3a2b;--del:#ff8a80;--delbg:#3a2020;\
    --ins:#17402a;--insline:#7bd88f;--mark:#7a6200}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--bg);color:var(--text);font:16px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,\
    "Noto Sans",sans-serif;overflow-wrap:anywhere}
    a{color:var(--accent)}
    .top{position:sticky;top:0;z-index:2;background:var(--card);border-bottom:1px solid var(--line);padding:8px 16px;\
    display:flex;flex-wrap:wrap;gap:8px 12px;align-items:center}
    .top h1{font-size:1.1rem;margin:0;flex:1 1 12rem}
    .top small{color:var(--dim);font-weight:normal}
    .top nav{display:flex;gap:4px;align-items:center;flex-wrap:wrap}
    input,button,.top nav a,.top nav span{font:inherit;font-size:.9rem;color:inherit;background:var(--bg);\
    border:1px solid var(--line);border-radius:6px;padding:3px 8px;text-decoration:none}
    .top nav span{opacity:.45}
    button{cursor:pointer}
    input[type=search]{width:11rem}
    main{max-width:46rem;margin:0 auto;padding:8px 12px 4rem}
    .day{text-align:center;margin:18px 0 8px;color:var(--dim);font-size:.85rem;font-weight:600;scroll-margin-top:5rem}
    article{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:7px 12px;margin:6px 0;\
    scroll-margin-top:5rem;content-visibility:auto;contain-intrinsic-size:auto 70px}
    article.out{background:var(--out)}
    article.service{background:none;border:0;text-align:center;color:var(--dim);font-size:.9rem}
    article.deleted{background:var(--delbg);border-color:var(--del)}
    article:target,article.here{outline:2px solid var(--accent)}
    article header{display:flex;flex-wrap:wrap;gap:2px 10px;align-items:baseline}
    .name{font-weight:600}
    .time{color:var(--dim);font-size:.8rem;text-decoration:none;margin-left:auto;order:9}
    .badge{font-size:.75rem;border:1px solid;border-radius:9px;padding:0 7px;color:var(--dim)}
    .badge.gone{color:var(--del);font-weight:600}
    .note{color:var(--dim);font-size:.88rem;border-left:3px solid var(--line);padding-left:8px;margin:3px 0}
    .text{white-space:pre-wrap;margin-top:2px}
    .text pre,.text code{font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:.9em;background:var(--bg);\
    border-radius:4px;padding:0 3px}
    .text pre{padding:8px;margin:4px 0;overflow-x:auto;white-space:pre-wrap}
    .text blockquote{margin:4px 0;padding-left:10px;border-left:3px solid var(--accent)}
    .tag{color:var(--accent)}
    .spoiler{background:var(--dim);color:transparent;border-radius:3px;cursor:pointer}
    .spoiler:focus,.spoiler:hover{background:none;color:inherit}
    .media{margin:4px 0}
    .media img,.media video{max-width:100%;max-height:26rem;border-radius:6px;display:block}
    .media audio{width:100%;max-width:26rem;display:block}
    .file{display:inline-block;border:1px dashed var(--line);border-radius:6px;padding:5px 10px;color:var(--dim);\
    font-size:.9rem}
    details{margin-top:6px;font-size:.95rem}
    summary{cursor:pointer;color:var(--accent);font-size:.85rem}
    .old{border-left:3px solid var(--line);margin:6px 0;padding-left:8px}
    .old time{color:var(--dim);font-size:.8rem}
    ins{background:var(--ins);text-decoration:underline;text-decoration-color:var(--insline)}
    del{background:var(--delbg);color:var(--del);text-decoration:line-through}
    mark{background:var(--mark);color:inherit}
    .hidden{display:none}
    .list{list-style:none;padding:0;margin:0}
    .list li{background:var(--card);border:1px solid var(--line);border-radius:10px;margin:6px 0;padding:8px 12px}
    .list a{font-weight:600;text-decoration:none}
    .list small{color:var(--dim);display:block}
    .list .gone{color:var(--del)}
    .n0{color:#c03d33}.n1{color:#3f8f29}.n2{color:#9a6b00}.n3{color:#2a7fba}.n4{color:#8544d6}.n5{color:#bd3f80}.n6{color:#24878f}
    :root[data-theme=dark] .name,:root[data-theme=dark] .avatar{filter:brightness(1.5)}
    @media(prefers-color-scheme:dark){:root:not([data-theme=light]) .name{filter:brightness(1.5)}}
    .help{position:fixed;inset:auto 12px 12px auto;background:var(--card);border:1px solid var(--line);border-radius:10px;\
    padding:10px 16px;max-width:20rem;font-size:.9rem;box-shadow:0 4px 20px #0005}
    kbd{border:1px solid var(--line);border-radius:4px;padding:0 5px;background:var(--bg)}
    @media(max-width:40rem){article,.day{scroll-margin-top:8rem}.top{padding:6px 10px}.top h1{flex-basis:100%}main{padding:4px 8px 3rem}input[type=search]{width:8rem}}
    @media print{.top{position:static}.top nav,.top input,.top button{display:none}article{break-inside:avoid}}
    """

  static let script = """
    (()=>{"use strict";
    const root=document.documentElement,$=(s,p=document)=>p.querySelector(s),$$=(s,p=document)=>[...p.querySelectorAll(s)];
    const store={get(){try{return localStorage.getItem("tgl-theme")}catch{return null}},
    set(v){try{localStorage.setItem("tgl-theme",v)}catch{}}};
    if(store.get())root.dataset.theme=store.get();
    const dark=()=>root.dataset.theme?root.dataset.theme==="dark":matchMedia("(prefers-color-scheme: dark)").matches;
    const theme=()=>{const t=dark()?"light":"dark";root.dataset.theme=t;store.set(t)};
    const button=$("#theme");if(button)button.onclick=theme;
    const items=$$("main>article,.list>li"),days=$$("main>.day"),search=$("#search"),found=$("#found"),date=$("#date");
    const unmark=()=>{for(const m of $$("mark")){const p=m.parentNode;m.replaceWith(...m.childNodes);p.normalize()}};
    const markIn=(node,needle)=>{const walker=document.createTreeWalker(node,NodeFilter.SHOW_TEXT),texts=[];
    while(walker.nextNode())texts.push(walker.currentNode);
    for(let t of texts){let at;while((at=t.data.toLowerCase().indexOf(needle))>=0&&at+needle.length<=t.length){
    const hit=t.splitText(at),rest=hit.splitText(needle.length),m=document.createElement("mark");hit.replaceWith(m);m.append(hit);t=rest}}};
    let timer;
    const filter=()=>{unmark();const needle=search.value.trim().toLowerCase();let count=0;
    for(const item of items){const hit=!needle||item.textContent.toLowerCase().includes(needle);
    item.classList.toggle("hidden",!hit);if(hit&&needle){count++;if(count<=500)markIn(item,needle);
    for(const d of $$("details",item))if($("mark",d))d.open=true}}
    for(const d of days)d.classList.toggle("hidden",!!needle);
    found.textContent=needle?count+" found":""};
    if(search)search.oninput=()=>{clearTimeout(timer);timer=setTimeout(filter,120)};
    if(date)date.onchange=()=>{if(date.value)location.href="index.html#"+date.value};
    const data=$("#pages");
    const jump=()=>{const h=location.hash.slice(1);
    if(data&&/^\\d{4}-\\d\\d-\\d\\d$/.test(h)){const pages=JSON.parse(data.textContent);
    let to=pages.findLastIndex(p=>p[0]<=h);if(to<0)to=0;
    while(to>0&&pages[to][0]===h&&pages[to-1][1]>=h)to--;
    if(pages[to]&&pages[to][1]<h&&to+1<pages.length)to++;if(pages[to])location.replace("page-"+(to+1)+".html#d"+h)}
    else if(/^d\\d{4}/.test(h)&&!document.getElementById(h)){const d=days.find(d=>d.id>=h)||days[days.length-1];if(d)d.scrollIntoView()}};
    addEventListener("hashchange",jump);jump();
    let here=-1;
    const visible=()=>items.filter(i=>!i.classList.contains("hidden"));
    const show=(list,step,test)=>{let i=list.indexOf(items[here]);if(i<0)i=step>0?-1:list.length;
    for(i+=step;i>=0&&i<list.length;i+=step)if(!test||test(list[i])){items[here]?.classList.remove("here");
    here=items.indexOf(list[i]);list[i].classList.add("here");list[i].scrollIntoView({block:"center"});return}};
    const follow=id=>{const a=document.getElementById(id);if(a&&a.href)location.href=a.href};
    const help=()=>{const old=$(".help");if(old)return old.remove();const box=document.createElement("div");box.className="help";
    for(const[k,t]of[["j k","next, previous message"],["d","next deleted message"],["e","next edited message"],["n p","next, previous page"],
    ["/","search"],["g","go to a date"],["t","dark or light"],["u","up: all pages, all chats"],["?","this help"]]){
    const line=document.createElement("div"),key=document.createElement("kbd");key.textContent=k;line.append(key," "+t);box.append(line)}
    document.body.append(box)};
    addEventListener("keydown",e=>{if(e.ctrlKey||e.metaKey||e.altKey)return;
    if(e.key==="Escape"){if(search&&document.activeElement===search){search.value="";filter();search.blur()}$(".help")?.remove();return}
    if(/^(INPUT|TEXTAREA|SELECT|VIDEO|AUDIO)$/.test(document.activeElement?.tagName||""))return;
    const list=visible(),act={j:()=>show(list,1),k:()=>show(list,-1),d:()=>show(list,1,i=>i.classList.contains("deleted")),
    e:()=>show(list,1,i=>i.classList.contains("edited")),n:()=>follow("next"),p:()=>follow("previous"),u:()=>follow("up"),
    "/":()=>search&&search.focus(),g:()=>{if(date){date.focus();try{date.showPicker()}catch{}}},t:theme,"?":help,
    Enter:()=>{const d=items[here]&&$("details",items[here]);if(d)d.open=!d.open;else{const a=items[here]&&$("a",items[here]);if(a&&a.closest(".list"))location.href=a.href}}};
    if(act[e.key]&&!(e.key==="Enter"&&document.activeElement?.tagName==="A")){e.preventDefault();act[e.key]()}});
    })();
    """
}
