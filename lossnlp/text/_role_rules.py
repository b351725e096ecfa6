"""The contexts that give a named vendor its role, as patterns of lower case: see `_roles`."""

from __future__ import annotations

#: Up to four words between a verb and the name.
_G = r"(?:[ ,]+(?!not\b|but\b|and\b|so\b)[\w'’&%$/.-]+){0,4}?"
#: What may stand right before the name: an article, a filler, other names of a list.
_D = (
    r"[ :'\"“‘(*]*(?:,? ?(?:uh|um|er|erm|i think|well),? ?)?(?:(?:the|a|an|their|its|his|her|our|"
    r"your|uh|um|er|good old|plain)[ ,]+){0,2}"
    r"(?:¤(?:'s)?[ ]?(?:,|/|&|\+|and|or)[ ]?(?:and |or )?){0,3}['\"“‘]?§"
)
#: What may stand right after the name.
_A = r"§(?:['’]s)?(?:[ ]?(?:,|/|&|\+|and|or)[ ]?(?:and |or )?¤){0,3}['\"”’)]?[ ,]+"
#: A noun for the product bought, after the name.
_P = r"(?:(?:(?!and\b|but\b|so\b|or\b)[\w'’/.-]+)[ ]){0,3}?"
_WITH = r"(?:with|w/|w|to|for|on|onto|over to|back to|at|2)"

_SELF_HOSTED = r"self[- ]?host\w*|forked|forking|own fork of"
_CHOICE = (
    rf"(?:we|i)(?:'ve|’ve)? (?:went|gone|signed|picked|chose|bought)(?: {_WITH})?|"
    r"went|going|gone|goes|go|gonna go|moved|moving|moves|move|switched|switching|switches|"
    r"jumped|shifted|defected|converted|migrat(?:ed|ing)|standardi[sz](?:ed|ing|es)|"
    r"settled|landed|ended up|live|plumped|opted|voted|decided|deciding|pen to paper|handed|"
    r"awarded|awards?|award goes|award went|order went|po (?:went|goes|issued|is)|signed|signing|"
    r"signs|sign|paper(?:ed)?|contract(?:ed)? (?:went|goes|is)|money went|deal went|business went|"
    r"given|gave|giving|gives"
)
_CHOICE_BARE = (
    r"went|chose|choosed|chosen|choosing|choose|picked|picking|picks|pick|selected|selecting|"
    r"selects|"
    r"preferred|prefers|prefer|bought|buying|buys|purchased|took|taken|taking|takes|signed|"
    r"signing|inked|"
    r"adopted|adopting|installed|installing|implemented|implementing|rolled out|rolling out|"
    r"rolling (?:their|its) own on|deployed|deploying|put(?:ting)?(?: in| up)?|spun up|spinning up|"
    r"stood up|standing up|stand up|set up|switch(?:ed|ing)? on|turn(?:ed|ing)? on|light(?:ing)? "
    r"up|"
    r"beaten by|beat by|undercut by|outbid by|pipped by|won by|awarded|awarding|approved|ordered|"
    r"beaten to it by|in favou?r of|instead|mandated|imposed|points? (?:them )?to|built on|"
    r"builds? on|"
    r"built (?:\w+ ){0,4}?(?:on|in|with)|building (?:\w+ ){0,5}?(?:on|in|with)|"
    rf"already (?:own|have|pay(?:s|ing)?(?: for)?|licen[sc]es?)|{_SELF_HOSTED}"
)
_LOST = (
    r"(?:lost|loss|lose|losing|loses|losin|lst)\b(?: it| this| this one| out| deal| the deal| "
    r"again)?"
    r"[ ]?(?:to|2|against|vs\.?|agst|:|-|–|=|from)"
)
_KEEP = (
    r"stay(?:s|ed|ing)?|stick(?:s|ing)?|stuck|remain(?:s|ed|ing)?|keep(?:s|ing)?|kept|continu(?:e|"
    r"es|ed|ing)|"
    r"hang(?:ing)? on|back"
)
_RENEW = (
    r"renew(?:s|ed|ing|al)?|re-?up(?:ped|s|ping)?|re-?sign(?:ed|s|ing)?|extend(?:s|ed|ing)?|"
    r"extension|"
    r"prolong(?:s|ed|ing)?|re-?contracted|reordered|another (?:year|term|two years|three years)"
)
_BOUND = (
    r"lock(?:ed)?[- ]?in(?:to)?|locked|tied(?: in| up)?|bound|chained|committed|shackled|"
    r"mid[- ]contract|"
    r"mid[- ]term|in contract|under contract|in (?:a )?(?:\w+[- ])?(?:contract|agreement|deal|"
    r"term|lease)|"
    r"halfway through (?:\w+[ -]){1,4}?(?:contract|agreement|deal|term|thing|lease)|"
    r"sitting out (?:\w+ ){0,3}?|auto-?renewed|rolled over|get(?:ting)? out of|"
    r"(?:contract|agreement|deal|paper|term|lease|msa|sub|subscription|licen[sc]e|ela|ea)s?"
)
_PAPER = (
    r"(?:contract|agreement|deal|paper|term|lease|msa|sub|subscription|licen[sc]es?|"
    r"commit(?:ment)?|"
    r"renewal|notice|estate|ela|ea|framework|retainer)\b"
)
_LEFT_ON = (
    r"(?:\d+|one|two|three|four|five|six|several|some)(?: more)? (?:m|mo|mos|mth|mths|months?|y|"
    r"yrs?|years?)"
    r"(?: (?:left|to run|remaining|to go))?(?: on| of| with| w/| in)"
)
_SYSTEM = (
    r"(?:integration|connector|conector|api|plug-?in|sync|interface|link|export|import|adapter|"
    r"adaptor|"
    r"instance|tenant|feed|webhooks?|sso|sign-?in|login|hookup|tie|bridge|envelope|approver|"
    r"channel|dm|thread|link|invite|field|record|report ids|workflow|cutover|roll-?out|migration|"
    r"go-?live|upgrade|"
    r"implementation|project|programme|program|certified|admins?\b|marketplace|app store|"
    r"unsupported|not supported)"
)
_JOIN = (
    r"(?:integrat\w*|connectors?|conector|connect(?:s|ed|ing|ion|ivity)?|sync\w*|plug\w*|link(?:s|"
    r"ed)?|hook\w*|"
    r"interfac\w*|talk(?:s|ing)?|speaks?|speaking|pull(?:s|ed|ing)?|push(?:es|ed|ing)?|export\w*|"
    r"import\w*|posts?|"
    r"feeds?|tie|works|working|compatible|compatibility|bidirectional|write back|reads?|api)"
)


_BIG = r"(?:order|contract|deal|job|nod|lot|framework|tender|cell|award|po|whole thing|zuschlag)"
_GONE = (
    r"went|going|gone|goes|go|gonna go|live|settled|landed|ended up|plumped|opted|"
    r"standardi[sz](?:ed|ing|es|e)|"
    r"pen to paper|sh(?:ook|aken|ake) hands|signed(?: up)?|signing|signs|sign|inked|decided|"
    r"deciding|voted|deal|contract|paper(?:ed|work)?|proceed"
)
_TOOK = (
    r"chose|choosed|chosen|choosing|picked|picking|selected|selecting|preferred|bought|buying|"
    r"adopted|took|inked|"
    r"deployed|spun up|spinning up|stood up|standing up|stand up|undercut by|beaten by|beat by|"
    r"outbid by|pipped by|"
    r"went|signed|signing|purchased|awarded|rolling out|rolled out|installed|in favou?r of|"
    r"implementing|"
    rf"{_SELF_HOSTED}|rolling (?:their|its) own on|switched on|turning on|has put|mandated|"
    rf"already (?:owns?|pays? for|licen[sc]es?)"
)
_WON = (
    r"(?:has |have |had |just |finally |also |then |narrowly |eventually |only ){0,2}"
    r"(?:won\b|wins\b|got (?:it|in\b|the|this)|gets (?:it|the|all|this)|beat (?:us|you|me)|beats "
    r"us|edged|pipped|undercut|"
    r"under-?cut|outbid|out-?\w+ed (?:us|you)|kept (?:it|the)|took (?:it|the (?:deal|order))|"
    r"takes it|it is\b|"
    r"(?:is|are|was|were) (?:cheaper|half|chosen|selected|awarded|preferred|ahead|the (?:winner|"
    r"preferred))|cheaper|"
    r"preferred bidder|swooped|walked (?:it|away)|came in (?:at|under|with|cheaper)|came w|came "
    r"with|half the price|"
    r"bundled|matched (?:our|us)|offered|threw|has the (?:job|order|deal)|will take it|hung on)"
)
PLAIN_CHOSEN = (
    rf"\b(?:{_LOST})(?:[ ]+(?!not\b|but\b)[a-z'’]+){{0,3}}?{_D}",
    rf"\b(?:lost|loss)\b[a-z -]{{0,25}}? (?:to|2|against){_D}",
    rf"\b(?:{_GONE})(?:[ ,]+(?!not\b|but\b|to\b)[\w'’%/-]+){{0,4}}?[ ,]+(?:with|w/|w|for|"
    rf"on)(?:[ ,]+(?:uh|um|er|the|i think))*{_D}",
    rf"\b(?:switch|mov|defect|convert|migrat|shift|jump)(?:es|ed|ing|e)(?: everything| over| "
    rf"across| all)? (?:to|onto){_D}"
    r"(?! (?:office|plant|team|region|site|branch|and|in))",
    rf"\b(?:{_TOOK})(?: us)?{_D}",
    rf"\b{_BIG}(?: \w+){{0,5}}? (?:to|with){_D}",
    rf"{_A}{_WON}",
    rf"\b(?:competitor|comp|competition|winner|chosen|rival)s?(?: \w+)?[ ]?[:=(–-]+{_D}",
    r"\b(?:so|then|now) it['’]s §[.,;!]|\bit (?:is|will be|shall be) §|§ it (?:is|was|shall)\b",
    r"\bputs?(?:ting)? (?:up |in )?§|§ on (?:our|their|its|the|there)? ?own\b",
    r"§ (?:in|on) (?:a|an|our|their|the) (?:\w+ )?(?:box|docker|server|servers|vm|vps|cluster|k8s|"
    r"rack)",
    rf"\bawarded (?:\w+ ){{0,2}}?to{_D}|\b(?:threw|throwing|throws|thrown|flung|chucked) in{_D}|§ "
    rf"(?:thrown )?in (?:for (?:free|nothing)|w|on top)",
    r"§ (?:module|bundle|shop)\b|\d+ ?% (?:under|below) §|§[,.:]? \d+ ?% (?:under|less|below|"
    r"cheaper)",
    r"^§ (?:on (?:own|their own)|instead)",
)
PLAIN_BOUND = (
    rf"\b(?:lock(?:ed)?[- ]?in(?:to)?|locked|tied(?: in| up| down)?|bound|chained|shackled|"
    rf"handcuffed|married|stuck|"
    rf"mid[- ](?:contract|term|marriage|lease)|(?:in|under) contract|auto-?renewed|rolled over|"
    rf"get(?:ting)? out of)"
    rf"(?: \w+){{0,3}}?(?: with| w/| w| to| into| by| in)?{_D}",
    rf"\b{_PAPER[:-2]}s?(?: \w+){{0,2}}? (?:with|w/){_D}",
    rf"\b{_LEFT_ON}(?: (?:the|their|a|our))?{_D}",
    rf"§(?:['’]s)?[ ](?:\w+ )?{_PAPER}(?= (?:runs?|til+|until|thru|to|expires?|ends?|has|is|"
    rf"rolled|auto|renew|locked|binds|up|goes|through|exp))",
    r"§ (?:has|have|got|binds|ties|holds) (?:us|them|em|'em)\b",
    r"§ (?:til+|until|thru) (?:\d|[a-z'])",
)
PLAIN_USE = (
    rf"\b(?:{_KEEP}|{_RENEW})(?: \w+){{0,3}}?(?:[ ]+(?:on|with|w/|w|at|to|by))*{_D}",
    rf"{_A}(?:has |just |also |simply |quietly |is |was ){{0,2}}(?:stays?\b|kept|retain(?:ed|s)|"
    rf"renew(?:ed|s)|"
    r"re-?up(?:ped)?|(?:got )?re-sign(?:ed|s)|extended|prolonged|remains|reordered|hung on|"
    r"retained|fought back)\b",
    r"\btheir § (?:rep|am|acct mgr|account manager|guy|people|estate)\b|\b(?:squeeze|another) §",
    r"§(?:['’]s)? (?:agreement|lease|msa|ela|paper)\b",
    rf"\b(?:incumbent|incumbnt|existing|present|current|sitting)(?: (?:vendor|supplier|provider|"
    rf"tool|one))?"
    rf"(?:[ ]?[:,(]| is| was)?{_D}",
    rf"\b(?:they|currently|today|who|still|already|group|all) (?:run|runs|use|uses|have|are on|on|"
    rf"own)(?: on)?{_D}(?! (?:meeting|call))(?=[ ,.;]|$)",
    r"§ (?:today|in place|in use|in the house|on most|is what|runs their|has been|since (?:\d|"
    r"forever)|is expiring|there right|already (?:there|in))\b",
    r"§[ ]?[(,][ ]?(?:the )?(?:there today|incumbent|in place|their current)|§ is (?:the "
    r"(?:current|incumbent)|in place|what they|who they)",
)
PLAIN_REJECTED = (
    rf"\b(?:better than|won against|ahead of|ruled out|eliminated|instead of|unhappy with|"
    rf"rip(?:ping)? out|nor(?: with)?|"
    rf"(?:didn|don|won|aren|isn|wasn|wouldn)['’]?t (?:go|going|gone|sign) (?:with|w/|for)|not "
    rf"(?:going|signing) with){_D}",
    r"(?<=[ (])§[ ]?(?:\([^()]*\)[ ]?)?(?:is |was |were |got |has been |and ¤ ){0,2}(?:out\b(?!-| "
    r"of)|dropped|eliminated|ruled out)",
    r"§ \((?:out|dropped|eliminated|lost)",
)
PLAIN_CONSIDERED = (
    rf"\b(?:vs\.?|versus|v|against|between us and|side by side with|shortlisted with|alongside|"
    rf"besides|bids? from|quotes? from|could be|"
    rf"rumou?r of|suspect|looking at|looked at|comparing us (?:with|to)|compared us (?:with|to)|"
    rf"demo (?:with|from|by)|us,|us and|us &|us \+|"
    rf"us/|us or|between|evaluat(?:ed|ing)|competing with|up against|cheaper than|same rate as|"
    rf"talked with|seen|also saw|saw){_D}",
    r"§[ ]?(?:\([^()]*\)[ ]?)?(?:,|and|&|\+|vs\.?|/|or|versus)[ ]?(?:us|you|ourselves)\b",
    rf"{_A}(?:both |is |are |was |were |also |being |still ){{0,2}}(?:quot(?:ed|ing)|bidding|in "
    rf"(?:play|the mix|the running)|sniffing|"
    r"circling|pitch(?:ed|ing)|shortlisted|demo(?:ed|ing|'d)|seen too|side by side)",
    r"(?:short|long)-?list[^.]{0,40}§",
    r"(?:bidders?|bidding|vendors?|tools?|products?|competitors?|competing|competition|also in|"
    r"who else|else|alternatives|others?|"
    r"market|comp|suppliers?|around|named|mentioned)\b[\w ()']{0,25}[:?][ ]?(?:¤[ ]?(?:,|&|/|\+|"
    r"and|;)[ ]?(?:and )?){0,4}§",
    rf"\b(?:final|finals|final (?:two|three|round)|round|bake-?off|shoot-?out|notes|talks)(?: was|"
    rf" were)? (?:with|against|between){_D}",
    rf"{_A}(?:also |both |was |were |are |had |have |has |been |politely |briefly |only |got |too "
    rf"|still |in fact ){{0,3}}"
    r"(?:seen|looked at|named|invited|asked (?:too|as well)|(?<=also )(?:presented|mentioned)|"
    r"(?<=were )mentioned|(?<=was )mentioned|(?<=both )presented|approached|priced (?:at|like)|in "
    r"the final|"
    r"gets? a hearing|loaned|in for\b|had a demo|held talks|on the (?:longlist|shortlist)|known "
    r"to|compared|came (?:second|third)|"
    r"scored \d|declined to (?:bid|take)|shown to|shown out|was run on|were two|came up|is a "
    r"candidate|went last|second\b|2nd|in (?:the )?rfi|"
    r"were let go|removed from|lost (?:in|on|round))",
    r"§['’]s (?:rep|demo unit|machine|offer|bid|reference|people|outage|price|local partner|"
    r"proposal|quote|lease)\b",
)


#: Contexts in which a listed name is not a rival: a system to connect to, a tool of the trade,
#: somebody's employer, an acquirer.
NOT_A_RIVAL = (
    rf"\b{_JOIN}\b{_G}(?:[ ]+(?:to|with|w/|into|in|from|for|against|by))?[ ]+(?:the |"
    rf"their |our |its )?"
    rf"(?:¤[ ,/&]+(?:and |or )?){{0,3}}§",
    rf"§(?:['’]s)?(?:[ ](?:[a-z0-9]\w*|\w+))?[ -](?:and ¤ )?{_SYSTEM}",
    r"(?:can['’]?t|cannot|couldn['’]?t|doesn['’]?t|don['’]?t|not|won['’]?t) (?:feed|read|"
    r"reach|talk|push|"
    r"support|handle|speak|do|see)[\w ]{0,12} §",
    r"\bno (?:native |direct |live )?§(?: \w+)? (?:on|for|in|support|at)\b",
    r"(?:log|logs|logged|login|sign|signs|sign-?in) (?:in )?(?:through|with|via|by|on) §",
    r"(?:inside|within) §,",
    r"(?:'s|’s|is|was|(?:he|she|sponsor|champion|contact|boss|lead) moved|works|working|"
    r"worked|job|left for|starts?|started|hired|"
    r"poached|quit for) "
    r"(?:over )?(?:at|by|for|to) § ?(?:now|$|in\b|as\b)",
    r"ex-§|§(?: has)?(?: just)? (?:bought|acquired|swallowed|closed on|acquires|snapped "
    r"up)\b",
    r"(?:bought|acquired|swallowed|taken over|owned|snapped up|gobbled up|merged with|"
    r"merger with|"
    r"acquisition) (?:out )?(?:by|of) §",
    r"\bvia §|\b(?:sent|form|e-?sign(?:ed)?|signature|call|chat|ping|log(?:ged)?|pp|closed|"
    r"open(?:ed)?) (?:by|per|with|in|on|through) §",
    r"§ (?:says|shows|notif|auto-|call\b|bot\b|invite|rollout|cutover|1st|first)",
    r"§-(?:like|style|based|certified|native)",
    r"\[§",
    r"\b(?:thru|through|with|in|under|inside|on) (?:their|our|the|a|its) (?:existing )?§ "
    r"(?:enterprise )?(?:agreement|licen[cs]es?|ea|ela|contract|renewal|estate|tier|box|"
    r"account)\b",
    r"\b(?:login|sign-?in|log(?:ged)? in|tile|version) (?:through|with|via|from|of) "
    r"(?:our|their|the|an?) §",
    r"\b(?:an?|the) § (?:tile|version|way|box|link|thing)\b",
    r"§ (?:opened|sat|timeline|name & title|unopened|hooked|integrator|reseller|partner\b|"
    r"consultan|sandbox|slide|front\b)",
    r"\b(?:field|loaded us|made one|built one|one|it) in §|(?:hosting|hosted|servers?|"
    r"metal)[\w ]{0,25} (?:in|on) (?:their |our )?§",
    r"\b(?:is|as) their \w+$",
    r"(?:tags|data|history|job costing|records|files)[\w ]{0,25} (?:in|out of|from) §",
    r"getting off §|(?:off|out of) § (?:too|is|was|would)",
)

LOOSE_CHOSEN = (
    rf"\b(?:{_LOST}){_G}{_D}",
    rf"\b(?:lost|loss)[ ]+(?:on price|due|because|bc|as|price|deal)?[ ]*(?:to|2){_D}",
    rf"\b(?:{_CHOICE}){_G}[ ]+{_WITH}{_D}",
    rf"\b(?:{_CHOICE_BARE})(?: (?:us|over|in|up|on|it|that|them|themselves|out))?{_D}",
    rf"\b(?:pick|choose|select|award|sign|buy|take|use|put|adopt|prefer|want|getting|gets?|run|"
    rf"running)(?:ed|ing|s)?"
    rf"{_D}(?: (?:instead|over us|themselves|now|on (?:their|its|our|own)))",
    rf"\b(?:it['’]s|it is|its|be|will be|winner|winner is|winner:|won by|chosen vendor|vendor "
    rf"chosen)"
    rf"(?: now| all| just| probably)?{_D}(?:[.,;!?]|$| (?:who|then|now|up|for|it)\b)",
    rf"{_A}(?:has |have |just |finally |also |then |quietly |simply |probably |eventually |"
    rf"narrowly ){{0,2}}"
    r"(?:w[io]ns?|got|gets|takes?|took|beat|beats|edged|pipped|undercut|undercuts|under cut|"
    r"outbid|out-?\w+ed|"
    r"swooped|walked|nailed|landed|swept|bagged|snatched|secured|clinched|poached|pulled ahead|"
    r"tipped|scored higher|"
    r"was (?:chosen|selected|picked|awarded|preferred|cheaper|half|faster|ahead)|were (?:ahead|"
    r"cheaper|half|faster)|"
    r"is (?:cheaper|free|preferred|half|in\b)|got in|gets? the|came in (?:at|under|with)|came w/|"
    r"came with|comes? w/|"
    r"comes? with|covers?|already covers|gave|throws?|threw|chucked|bundl\w+|matched|offered|it "
    r"(?:is|was|shall)|"
    r"does (?:it|that|this)|has (?:it|that|this)|had it|has (?:the|already)|installed|deployed|"
    r"rolled out|"
    r"cheaper|half the price|less|preferred bidder|awarded|selected|chosen|ahead|on (?:own|their "
    r"own|top)|"
    r"gets? switched on|in the (?:ea|bundle|suite)|for free|instead|bundle|free (?:tier|edition)|"
    r"all the way|"
    r"blew us|knocked|ate our|had (?:a|the|an)|fits|fit better|is what they|going in|delivered|"
    r"started|starts|"
    r"next door|flagged|walked in|showed|will take|could start|procurement module|now\b)",
    r"^[ ]*(?:¤[ ]?[,/&+][ ]?)?§[ ]?(?:[.!]|$|,|;|:|\(|-|–|\?)",
    r"§[ ]?[,(@:-]+[ ]?(?:\d|\$|€|£|half|cheaper|free|self|price|bundle|lower|again|since|because|"
    r"bc)",
    r"(?:winner|chosen|went|award|awarded|lost to|loss|selected|vendor|competitor|competition|"
    r"comp|rival|comp\.?|c)"
    r"[ ]?(?:named|name|chosen|won|is|was)?[ ]?[:=–-]+[ ]?(?:(?:it|was|is) )?['\"]?(?:¤[ ,/&+]+)*§",
    r"(?:names|naming|named|name is|says|reads|called|to) §[ ]?$",
    r"(?:own|their|its|the|a) (?:\w+ ){0,2}§ (?:module|bundle|suite|add-?on|licen[cs]e|seats?|"
    r"shop|house|estate|reports?|guy)",
    r"§ (?:module|bundle|suite|add-?on|shop|house|tab|stack|bots|robots|units)\b",
    r"(?:is|are|was|were|'s|’s|we['’]re) (?:a|an|all|already|now|on|an all)[ ]+§",
    rf"\b(?:use|uses|using|bundled|included|inside|part of|comes with|covered by|covers|free in|"
    rf"sits in)"
    rf"(?: \w+){{0,3}}{_D}",
    r"§(?:['’]s)? own\b",
)
LOOSE_BOUND = (
    rf"\b(?:{_BOUND}){_G}(?:[ ]+(?:with|w/|w|to|in|into|on|in with|from|of|"
    rf"at))?{_D}(?=.*?\b(?:til+|until|thru|through|to run|"
    r"left|expire|ends?|penalt|exit|early|20\d\d|'\d\d|fy\d\d|term|notice|years?|yrs?|months?|mo|"
    r"mos|up|over|remaining|"
    r"break)\b)",
    rf"\b(?:til+|until|thru|through|left|remaining|expires?|ends?|exit|early|break fee|penalt\w+|"
    rf"notice|months?|yrs?|"
    rf"years?){_G}(?:[ ]+(?:with|w/|w|to|in|into|on|for|from|of))+{_D}",
    rf"\b(?:lock(?:ed)?[- ]?in(?:to)?|locked|tied(?: in| up| down)?|bound|chained|shackled|"
    rf"handcuffed|married|"
    rf"mid[- ](?:contract|term|marriage|lease)|(?:in|under) contract|halfway "
    rf"through){_G}(?:[ ]+(?:with|w/|w|to|into|by|at))?{_D}",
    rf"\b{_LEFT_ON}(?: (?:the|their|a|our))?{_D}",
    rf"§(?:['’]s)?[ ]{_P}{_PAPER}",
    rf"{_A}(?:has|have|had|got|binds|ties|holds|keeps|owns) (?:us|them|em|'em|him|her|the seat|"
    rf"they)\b",
    rf"{_A}{_P}(?:runs?|expires?|ends?|rolled|rolls|renews|auto-?renew\w*|goes|locked|in force|is "
    rf"up|was up)\b",
    r"§[ ]?(?:til+|until|thru|to|through|up to|'?til) (?:\d|[a-z]|next|the end|end|spring|summer|"
    r"autumn|winter|fall|at least)",
    rf"\bleaving{_D}|\b(?:buyout|buy-out|exit|termination) (?:fee|penalty) (?:with|to|from|at){_D}",
    rf"\b(?:signed|committed|renewed) (?:\w+ ){{0,3}}?(?:years?|yrs?|term|months?)(?: \w+)? "
    rf"(?:with|w/){_D}",
)
LOOSE_USE = (
    rf"\b(?:{_KEEP}|{_RENEW}){_G}(?:[ ]+(?:on|with|w/|w|at|to|by|by way of|of|for))*{_D}",
    rf"{_A}(?:has |just |also |simply |quietly |is |was ){{0,2}}(?:stay(?:s|ed|ing)?|kept|keeps?|"
    rf"retain(?:ed|s)?|renew(?:ed|s|al)?|"
    r"re-?up(?:ped)?|re-?sign(?:ed)?|extend(?:ed|s)?|prolonged|remains?|reordered|hung on|still|"
    r"re-?elected|"
    r"retention|fought back|another \d|dropped its|for another|goes on|again till|retained)\b",
    rf"\b(?:incumbent|incumbnt|existing (?:vendor|supplier|provider|tool)|present (?:vendor|"
    rf"supplier|provider)|"
    rf"current(?:ly)?(?: (?:vendor|tool|supplier|provider|system|one|platform|carrier))?|today|"
    rf"sitting (?:provider|vendor))"
    rf"{_G}{_D}",
    r"§[ ]?(?:\(|,)?[ ]?(?:there today|is (?:the )?(?:current|incumbent|in place|in today|what "
    r"they)|the incumbent|incumbent|in place|"
    r"today|since \d|in the house|who they have|is who)",
    rf"\b(?:run|runs|running|use|uses|used|using|have|has|had|pay|pays|paying|own|on|happy with|"
    rf"live on|love|loves|"
    rf"licen[cs]es|already|a)[ ]+(?:on |for |with )?(?:everything (?:on|in) )?{_D}(?: (?:today|"
    rf"now|already|since|for|and|\+|at|in|everywhere)|[,.;]|$)",
    r"\b(?:their|her|his|our|its|group(?:'s)?|corporate|hq)[ ]+(?:\w+ ){0,2}?§",
)
LOOSE_REJECTED = (
    r"§[ ]?(?:\([^()]*\)[ ]?)?(?:is |was |were |got |has been |and ¤ |both |already ){0,3}"
    r"(?:out\b|dropped|eliminated|rejected|ruled out|lost|declined|failed|disqualified|cut|"
    r"knocked out|binned|too\b|"
    r"second|2nd|third|3rd|below|behind)",
    rf"\b(?:dropped|eliminated|ruled out|rejected|won against|beat|ahead of|better than|unhappy "
    rf"with|hate|hated|"
    rf"not (?:going|buying|going with|choosing|with)|(?:didn|don|won|aren|isn|wasn|wouldn)['’]?t "
    rf"(?:\w+ ){{0,2}}?(?:go|going|buy|"
    rf"buying|choose|pick|take|want|sign|gone)(?: with| w/| for| to)?|nor(?: with)?|no|want out "
    rf"of|rip(?:ping)? out|off|instead of|rather than|"
    rf"tired of|chose not|neither|escaped?|replace|replacing|replaces|displac\w+|leave|"
    rf"dump\w*){_D}",
)
LOOSE_CONSIDERED = (
    rf"\b(?:shortlist\w*|short[- ]list\w*|vs\.?|versus|against|agst|between|bake-?off|compar\w+|"
    rf"consider\w*|eval\w*|looking at|"
    rf"look(?:s|ed)? at|saw|seen|see|seeing|talk(?:s|ed|ing)? (?:to|with)|quotes? from|demo(?:s|"
    rf"'?d|ed)? (?:of|by|from|with|w/)?|"
    rf"trial(?:s|ed|ing|led|ling)?|pilot\w*|tried|test(?:s|ed|ing)?|piloting|bids? from|bidders?|"
    rf"finalists?|final|"
    rf"other (?:vendors?|bidders?|tools?|options?)|competitors?|competition|rival|rumou?r of|"
    rf"suspect|mention(?:ed|s)?|mentnd|"
    rf"could be|maybe|perhaps|(?:also )?in the mix|next to|side by side with|beside|alongside|"
    rf"bring in|brought in|invited|"
    rf"hears?|heard|asked about|us,|us and|us &|us \+|us/|us or|you and|you,|theory that|believed|"
    rf"think|thought|like|as|"
    rf"squeeze|leverage|beat down|same (?:unit )?rate as|as much as|more than|cheaper than|pay|"
    rf"priced? (?:like|against)|threaten\w*|"
    rf"had){_G}(?:[:=][ ]?)?{_D}",
    r"§[ ]?(?:\([^()]*\)[ ]?)?(?:,|and|&|\+|vs\.?|/|or|versus)[ ]?(?:us|you|ourselves)\b",
    rf"{_A}(?:both |is |are |was |were |also |being |still |was also |came ){{0,2}}(?:quot\w+|"
    rf"bid\w*|in (?:play|the mix|there|too|for|the "
    r"running|account)|sniffing|circling|pitch\w*|demo\w*|present\w*|shortlist\w*|invited|side by "
    r"side|scored|proposal|"
    r"tried|seen|looked at|considered|compared|evaluated|next|round|lost round)",
    r"§ in (?:for|too|there|the (?:mix|running|frame|account))",
    r"¤[ ]?(?:,|/|&|\+|and|or)[ ]?(?:and |or |then )?§|§[ ]?(?:,|/|&|\+|and|or)[ ]?(?:and |or )?¤",
    r"(?:'s|’s|s) (?:people|rep|guy|acct mgr|am|outage|account manager|price|offer|quote|release|"
    r"module)",
    r"§['’]s? (?:people|rep|guy|acct mgr|am|outage|account manager|price|offer|quote|release|"
    r"module|bid|valves|proposal)\b|"
    r"§ (?:rep|guy|acct mgr|am|outage|people|account manager|offer|quote|bid|proposal|report|"
    r"robot|trial)\b",
)
