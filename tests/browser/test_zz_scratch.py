import pytest
SETUP='''
import graphinvestigate as gi
client = gi.connect_demo(alerts=60)
alerts = gi.list_alerts(client)
g = gi.entity_graph(alerts=alerts)
import graphinvestigate.widgets.canvas as cv
cv._PATIENCE=1000.
'''
JS='''async (id)=>{ const panel=window.jupyterapp.shell.currentWidget; const r=panel.content.rendermime.createRenderer('application/vnd.jupyter.widget-view+json');
 let m=r._manager?.promise? await r._manager.promise : r._manager; m=m||r.manager; 
 const has=m.has_model(id); const model=await m.get_model(id);
 const st=await Promise.race([model.state_change.then(()=>'ok',e=>'rejected '+(e&&e.stack||e)), new Promise(f=>setTimeout(()=>f('pending'),3000))]);
 return [has, st, model.get('_last_trace_edit_id'), model.comm_live, model.get('_widget_data').length, model.get('_view_count')]}'''
def test_x(open_notebook):
    nb=open_notebook(SETUP,"picker = gi.AlertPicker(alerts); picker","explorer = gi.EntityExplorer(client, g, picker=picker); w=explorer._canvas.widget; t=explorer._timeline.widget; explorer",height=1900)
    p=nb.page
    errs=[]; p.on("console",lambda m: errs.append((m.type,m.text[:300])))
    nb.run_all(); p.wait_for_timeout(6000)
    def look(m):
        print("fine",m,[p.evaluate(JS,nb.value(x+".model_id")) for x in ("w","t")], nb.value("[w._drawn,w._last_trace_edit_id,t._drawn,t._last_trace_edit_id]"))
    look("start")
    nb.value("str(w._send_relayout_msg({'title.text':'ZZ'}))"); p.wait_for_timeout(1000); look("relayout")
    nb.value("str(picker.select(picker.shown['id'].iloc[9]))"); p.wait_for_timeout(2000); look("select")
    print("fine",errs[-5:])
